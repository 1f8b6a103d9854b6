"""Lint for any sbatch script: read into a small model with a real bash grammar, then judged rule by rule.

A part of `launch`, not a layer beside it: the rules hold a script against the cluster profiles that live there.
"""
