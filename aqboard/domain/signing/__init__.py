"""Who decides, on what, under which policy."""
