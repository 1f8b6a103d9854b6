"""SQLite, opened safely: which disk a file is on, whose it is, its schema, its backups."""
