"""Evidence: typed facts that probes measured, stored whole, so that a verdict can be judged again later.

One class per kind, one file per subject; import a kind from the file of its subject, and all of them from `kinds`.
Evidence holds what was seen, never what it means: no verdicts, no advice.
"""
