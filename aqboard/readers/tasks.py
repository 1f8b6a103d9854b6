"""What the child process behind the second wall runs; the process that asks (`guarded`) loads no reader."""

from aqboard.domain.cache import CacheGroups
from aqboard.domain.checkpoint import CheckpointDiff, CheckpointSummary, HealthReport, IntegrityReport
from aqboard.readers.caches import compare
from aqboard.readers.checkpoints import checkpoint_diff
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.checkpoints.health import tensor_health
from aqboard.readers.checkpoints.integrity import check_integrity


def summary(path: str) -> CheckpointSummary:
    """Keys and metadata of a checkpoint."""
    with read_checkpoint(path) as checkpoint:
        return checkpoint.summary()


def integrity(path: str) -> IntegrityReport:
    """Checksums of a checkpoint."""
    with read_checkpoint(path) as checkpoint:
        return check_integrity(checkpoint)


def health(path: str) -> HealthReport:
    """Figures of a checkpoint's tensors."""
    with read_checkpoint(path) as checkpoint:
        return tensor_health(checkpoint)


def diff(a: str, b: str) -> CheckpointDiff:
    """Differences of two checkpoints."""
    with read_checkpoint(a) as first, read_checkpoint(b) as second:
        return checkpoint_diff.diff_checkpoints(first, second)


def group(*paths: str) -> CacheGroups:
    """Facts of several caches, grouped."""
    return compare.group_caches(paths)
