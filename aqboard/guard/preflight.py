"""Is the job about to start what was signed? `python -m aqboard.guard.preflight MANIFEST --sha256 DIGEST`

Run once per node, before the training. It needs no torch, reads small files whole and large ones on one node, writes
nothing but its own report, and that only when it refuses. Exit codes: 0, or one of
`aqboard.domain.job.guard_verdict.Stop`.
"""

import argparse
import json
import logging
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest, withdrawn_marker
from aqboard.domain.words import moment
from aqboard.guard.code_state import compare_code
from aqboard.guard.manifest import ManifestRefused, StartFault, read_manifest
from aqboard.guard.signed_files import changed_files, exists
from aqboard.guard.writing import write_whole

logger = logging.getLogger("aqboard.guard.preflight")  # as a command, this module is `__main__`

LARGE = ("first-node", "every-node", "never")
CLOCKS_APART = timedelta(minutes=5)
"""By so much a node's clock may differ from the board's. Nodes of one cluster differ by much less than a second."""

SIGN_AGAIN = "Say GO again on the attempt, and submit the script which that writes."


def faults(
    path: Path, manifest: LaunchManifest, environment: Mapping[str, str], large: str, now: datetime
) -> list[StartFault]:
    """Every reason not to start at the moment `now` of this node; empty when the job is what was signed."""
    first = environment.get("SLURM_NODEID", "0") == "0"
    found = [StartFault(Stop.CONFIGURATION, told) for told in _job(manifest, environment)]
    if exists(withdrawn_marker(path)):
        told = f"The sign-off was withdrawn: {withdrawn_marker(path)} is there. Ask who said NO-GO, and sign again."
        found.append(StartFault(Stop.CONFIGURATION, told))
    if told := expired(manifest, now):
        found.append(StartFault(Stop.CONFIGURATION, told))
    if exists(manifest.kill_file):
        told = f"The kill switch is set: {manifest.kill_file} is there. Remove it when the launch may start."
        found.append(StartFault(Stop.KILL_SWITCH, told))
    # Whether the tree has changed is the same on every node, and git looks at each of its files.
    if first and manifest.code is not None:
        told, note = compare_code(manifest.code)
        found += [StartFault(Stop.CONFIGURATION, told)] if told else []
        if note:
            print(f"aqboard preflight: {note}", file=sys.stderr)
    logger.debug("first node: %s, large files: %s", first, large)
    hash_large = large == "every-node" or (large == "first-node" and first)
    found += [StartFault(Stop.DIGEST, told) for told in changed_files(manifest.files, hash_large=hash_large)]
    return sorted(found, key=lambda fault: fault.code)


def expired(manifest: LaunchManifest, now: datetime) -> str:
    """Why it is too late to start, in one sentence; empty while it is not.

    A clock that stands before the GO itself is wrong, and cannot tell. A manifest without an end never expires.
    """
    if manifest.until is None:
        return ""
    if now < manifest.created_at - CLOCKS_APART:
        return (
            f"This node's clock says {moment(now)}, before the GO of {moment(manifest.created_at)} was given, so it "
            "cannot tell whether the approvals still hold. Tell the cluster's support, and leave the node out."
        )
    if now >= manifest.until + CLOCKS_APART:
        return (
            f"The approvals expired on {moment(manifest.until)}, and it is {moment(now)} by this node's clock. "
            f"{SIGN_AGAIN}"
        )
    return ""


def _job(manifest: LaunchManifest, environment: Mapping[str, str]) -> list[str]:
    """Slurm's own figures; nothing is asked outside Slurm."""
    given = environment.get("SLURM_JOB_NUM_NODES")
    if given is None or given == str(manifest.job.nodes):
        return []
    return [f"Slurm gave {given} nodes, {manifest.job.nodes} were signed. Submit the script without options of sbatch."]


def report(manifest: LaunchManifest, node: str, found: Sequence[StartFault]) -> None:
    """Leave the faults where the dashboard finds them; a folder that cannot be written changes nothing."""
    path = manifest.verdict_file.with_name(f"preflight-{re.sub(r'[^A-Za-z0-9_.-]', '-', node)[:64]}.json")
    content = {
        "attempt": manifest.attempt,
        "manifest": manifest.sha256,
        "node": node,
        "job": os.environ.get("SLURM_JOB_ID", ""),
        "faults": [{"code": int(fault.code), "sentence": fault.sentence} for fault in found],
    }
    write_whole(path, json.dumps(content, indent=1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, tell each fault on stderr, and return the exit code: the lowest of the faults'."""
    parser = argparse.ArgumentParser(prog="python -m aqboard.guard.preflight", description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--sha256", required=True, help="of the manifest's bytes, as the script carries it")
    parser.add_argument("--large", choices=LARGE, default=LARGE[0], help="where files above 64 MiB are hashed")
    options = parser.parse_args(arguments)
    node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
    try:
        manifest = read_manifest(options.manifest, options.sha256)
        found = faults(options.manifest, manifest, os.environ, options.large, datetime.now(UTC))
    except ManifestRefused as refused:
        found = [refused.fault]
    else:
        if found:
            report(manifest, node, found)
    for fault in found:
        print(f"aqboard preflight on {node}: {fault.sentence}", file=sys.stderr)
    if not found:
        return 0
    print(f"aqboard preflight on {node}: nothing was started (exit {int(found[0].code)}).", file=sys.stderr)
    return int(found[0].code)


if __name__ == "__main__":
    sys.exit(main())
