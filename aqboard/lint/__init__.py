"""Lint for sbatch scripts: `parse` reads a script into a small model, `rules` judge it, `check.lint` gives the report.

Nothing in a script is run. Cluster profiles and the plan are passed in by the caller.
"""
