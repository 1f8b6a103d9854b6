"""May the job still start? Approvals count for a time, and nodes have clocks of their own."""

from datetime import datetime, timedelta

from aqboard.domain.attempt import day
from aqboard.domain.job.manifest import LaunchManifest

CLOCKS_APART = timedelta(minutes=5)
"""By so much a node's clock may differ from the board's. Nodes of one cluster differ by much less than a second."""

SIGN_AGAIN = "Say GO again on the attempt, and submit the script which that writes."


def expired(manifest: LaunchManifest, now: datetime) -> str:
    """Why it is too late to start, in one sentence; empty while it is not.

    A clock that stands before the GO itself is wrong, and cannot tell. A manifest without an end never expires.
    """
    if manifest.until is None:
        return ""
    if now < manifest.created_at - CLOCKS_APART:
        return (
            f"This node's clock says {day(now)} UTC, before the GO of {day(manifest.created_at)} UTC was given, so it "
            "cannot tell whether the approvals still hold. Tell the cluster's support, and leave the node out."
        )
    if now >= manifest.until + CLOCKS_APART:
        return (
            f"The approvals expired on {day(manifest.until)} UTC, and it is {day(now)} UTC by this node's clock. "
            f"{SIGN_AGAIN}"
        )
    return ""
