"""Launched jobs, from the submission to their end."""
