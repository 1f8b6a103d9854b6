"""Scan caches: read, compared by content, and searched for."""
