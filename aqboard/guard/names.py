"""Names that the launch script and the guard share."""

MANIFEST, KILL, VERDICT = "manifest.json", "STOP", "guard_verdict.json"
"""Names in the folder of a launch; the compute nodes must see that folder, and rank 0 must be able to write to it."""
