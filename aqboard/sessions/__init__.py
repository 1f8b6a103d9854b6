"""Freeze a plan, run the probes in a process of their own, and judge what they brought."""
