"""Launched jobs: the signed manifest, the word of Slurm, the verdict of the guard."""
