"""Check sessions: freeze a plan, run its probes here or as a Slurm job, and bring the results home."""
