"""What runs inside the training job: it stops what is not what was signed.

The names below are shared with the launch script. Lightning imports this package in every training, so nothing else is
imported here.
"""

MANIFEST_VARIABLE = "AQBOARD_MANIFEST"
"""Environment variable with the manifest's absolute path; where it is not set, the guard is off."""
DIGEST_VARIABLE = "AQBOARD_MANIFEST_SHA256"
"""Environment variable with the digest of the manifest's bytes."""

CANARY_VARIABLE = "AQBOARD_CANARY"
"""Environment variable that is set in a canary alone."""

MANIFEST, KILL, VERDICT = "manifest.json", "STOP", "guard_verdict.json"
"""Names in the folder of a launch; the compute nodes must see that folder, and rank 0 must be able to write to it."""
