"""What runs inside the training job: it stops what is not what was signed.

The names below are shared with the launch script. Lightning imports this package in every training, so nothing else is
imported here.
"""

MANIFEST, KILL, VERDICT = "manifest.json", "STOP", "guard_verdict.json"
"""Names in the folder of a launch; the compute nodes must see that folder, and rank 0 must be able to write to it."""
