"""What `guarded` runs in its child: readers that take paths and return plain data."""

from aqboard.domain.cache import CacheGroups
from aqboard.domain.checkpoint import CheckpointDiff, CheckpointSummary, HealthReport, IntegrityReport
from aqboard.readers.caches.compare import group_caches
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.readers.checkpoints.checkpoint_diff import diff_checkpoints
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
        return diff_checkpoints(first, second)


def group(*paths: str) -> CacheGroups:
    """Facts of several caches, grouped."""
    return group_caches(paths)
