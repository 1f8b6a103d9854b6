"""Check sessions: what is asked, what was heard, how it ended."""
