"""What the launch's files say by themselves, without a model: the checkpoint, the baseline's log, the scan caches.

A checkpoint that is refused is evidence too: what is wrong with it answers the first question of the suite.
"""

from aqboard.domain.evidence.checkpoint import CheckpointEvidence, FileEvidence, HealthEvidence
from aqboard.domain.evidence.loss import CurveEvidence
from aqboard.domain.evidence.scan import CacheEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import ScansWind, Unavailable
from aqboard.probes.team_code import able
from aqboard.readers import guarded
from aqboard.readers.checkpoints.health import tensor_health
from aqboard.readers.checkpoints.integrity import check_integrity
from aqboard.readers.errors import ReadError
from aqboard.readers.logs.training_log import read_training_log

PROVENANCE, LAUNCH = "aqboard_provenance", "aqboard_launch"
"""Keys in the checkpoint: the stamp of its training, and the stamp of the launch guard."""


def measure_file(context: Context) -> FileEvidence:
    """Open the file and read every record once."""
    size = context.plan.checkpoint.path.stat().st_size
    try:
        file = context.checkpoint
        context.say("checking every record's checksum")
        integrity = check_integrity(file)
    except ReadError as error:
        return FileEvidence(size=size, refused=error.code, message=error.message)
    return FileEvidence(
        size=size,
        tensors=len(file.tensors),
        parameters=sum(spec.numel for spec in file.tensors.values()),
        integrity=integrity,
    )


def measure_checkpoint(context: Context) -> CheckpointEvidence:
    """Read keys and metadata; no tensor is loaded into a model."""
    file = context.checkpoint
    known = context.known(FileEvidence)
    integrity = known.integrity if known and known.integrity else check_integrity(file)
    provenance, launch = (file.extra.get(key) for key in (PROVENANCE, LAUNCH))
    return CheckpointEvidence(
        summary=file.summary(),
        integrity=integrity,
        provenance=provenance if isinstance(provenance, dict) else None,
        launch=launch if isinstance(launch, dict) else None,
    )


def measure_health(context: Context) -> HealthEvidence:
    """Read every tensor once; no model is built."""
    file = context.checkpoint
    context.say(f"reading the values of {len(file.tensors)} tensors")
    return HealthEvidence(report=tensor_health(file))


def measure_curve(context: Context) -> CurveEvidence:
    """Read the log that the plan names; without one there is nothing to measure."""
    log = context.plan.baseline.log
    if log is None:
        raise Unavailable("the plan names no baseline.log")
    return CurveEvidence(points=read_training_log(log))


def measure_cache(context: Context) -> CacheEvidence:
    """Compare the plan's cache with every candidate, each file once."""
    scan = context.plan.scan
    if scan is None:
        raise Unavailable("the plan has no scan section")
    paths = list(dict.fromkeys([scan.cache, *scan.candidates]))
    context.say(f"reading {len(paths)} caches")
    groups = guarded.group_caches(paths)
    for unreadable in groups.unreadable:
        if unreadable.path == str(scan.cache):
            raise ReadError(f"scan.cache: {unreadable.message}", code=unreadable.code)
    return CacheEvidence(
        groups=groups,
        planned=groups.facts[0],
        trained_with=_trained_with(context),
        grid=able(context.target, ScansWind).grid,
    )


def _trained_with(context: Context) -> str:
    checkpoint = context.known(CheckpointEvidence)
    stamp = checkpoint.provenance if checkpoint else None
    cache = stamp.get("scan_cache") if stamp else None
    digest = cache.get("content") if isinstance(cache, dict) else None
    return digest if isinstance(digest, str) else ""


FILE = Probe(FileEvidence, "Checkpoint file", measure_file)
CHECKPOINT = Probe(CheckpointEvidence, "Checkpoint's contents", measure_checkpoint)
HEALTH = Probe(HealthEvidence, "Checkpoint's values", measure_health)
CURVE = Probe(CurveEvidence, "Baseline's curves", measure_curve)
CACHE = Probe(CacheEvidence, "Scan caches", measure_cache)
