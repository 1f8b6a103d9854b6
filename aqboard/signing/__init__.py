"""Who may decide, what a decision is worth now, and what it lets out."""
