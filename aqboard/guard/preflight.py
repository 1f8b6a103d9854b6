"""Is the job about to start what was signed? `python -m aqboard.guard.preflight MANIFEST --sha256 DIGEST`

Run once per node, before the training. It needs no torch, reads small files whole and large ones on one node, writes
nothing but its own report, and that only when it refuses. Exit codes: 0, or one of `aqboard.domain.job.guard_verdict.Stop`.
"""

import argparse
import json
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest, withdrawn_marker
from aqboard.guard.code_state import compare_code
from aqboard.guard.expiry import expired
from aqboard.guard.reading import Fault, Refused, read_manifest
from aqboard.guard.signed_files import changed_files, exists
from aqboard.guard.writing import write_whole

LARGE = ("first-node", "every-node", "never")


def faults(
    path: Path, manifest: LaunchManifest, environment: Mapping[str, str], large: str, now: datetime
) -> list[Fault]:
    """Every reason not to start at the moment `now` of this node; empty when the job is what was signed."""
    first = environment.get("SLURM_NODEID", "0") == "0"
    found = [Fault(Stop.CONFIGURATION, told) for told in _job(manifest, environment)]
    if exists(withdrawn_marker(path)):
        told = f"The sign-off was withdrawn: {withdrawn_marker(path)} is there. Ask who said NO-GO, and sign again."
        found.append(Fault(Stop.CONFIGURATION, told))
    if told := expired(manifest, now):
        found.append(Fault(Stop.CONFIGURATION, told))
    if exists(manifest.kill_file):
        told = f"The kill switch is set: {manifest.kill_file} is there. Remove it when the launch may start."
        found.append(Fault(Stop.KILL_SWITCH, told))
    # Whether the tree has changed is the same on every node, and git looks at each of its files.
    if first and manifest.code is not None:
        told, note = compare_code(manifest.code)
        found += [Fault(Stop.CONFIGURATION, told)] if told else []
        if note:
            print(f"aqboard preflight: {note}", file=sys.stderr)
    hash_large = large == "every-node" or (large == "first-node" and first)
    found += [Fault(Stop.DIGEST, told) for told in changed_files(manifest.files, hash_large=hash_large)]
    return sorted(found, key=lambda fault: fault.code)


def _job(manifest: LaunchManifest, environment: Mapping[str, str]) -> list[str]:
    """Slurm's own figures; nothing is asked outside Slurm."""
    given = environment.get("SLURM_JOB_NUM_NODES")
    if given is None or given == str(manifest.job.nodes):
        return []
    return [f"Slurm gave {given} nodes, {manifest.job.nodes} were signed. Submit the script without options of sbatch."]


def report(manifest: LaunchManifest, node: str, found: Sequence[Fault]) -> None:
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
    except Refused as refused:
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
