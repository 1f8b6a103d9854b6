"""The readers behind the second wall: each of these runs in a child process with bounded memory and time."""

from collections.abc import Sequence
from pathlib import Path

from aqboard.domain.cache import CacheComparison, CacheFacts, CacheGroups, UnreadableCache
from aqboard.domain.checkpoint import CheckpointDiff, CheckpointSummary, HealthReport, IntegrityReport
from aqboard.readers.errors import ReadError
from aqboard.readers.sandbox import run_sandboxed

# Checking and comparing tensors reads whole files, which may lie on a slow disk.
_LONG = 900.0
_DIED = ("reader-died", "out-of-memory", "timeout", "no-answer")


def inspect_cache(path: str | Path) -> CacheFacts:
    """All facts about one cache file (see `cache_facts.inspect_cache`)."""
    return run_sandboxed("aqboard.readers.caches.cache_facts:inspect_cache", CacheFacts, [str(path)])


def compare_caches(a: str | Path, b: str | Path) -> CacheComparison:
    """Two caches held against each other (see `compare.compare_caches`)."""
    return run_sandboxed("aqboard.readers.caches.compare:compare_caches", CacheComparison, [str(a), str(b)])


def group_caches(paths: Sequence[str | Path]) -> CacheGroups:
    """Candidates grouped by content. One that kills its reader is told as unreadable, and spares the others."""
    facts, unreadable = _inspect_all([str(path) for path in paths])
    return CacheGroups.of(facts, unreadable)


def summarise_checkpoint(path: str | Path) -> CheckpointSummary:
    """Keys and metadata of a checkpoint (see `checkpoint.CheckpointFile.summary`)."""
    return run_sandboxed("aqboard.readers.tasks:summary", CheckpointSummary, [str(path)])


def check_integrity(path: str | Path) -> IntegrityReport:
    """Checksums of a checkpoint's records (see `integrity.check_integrity`)."""
    return run_sandboxed("aqboard.readers.tasks:integrity", IntegrityReport, [str(path)], seconds=_LONG)


def tensor_health(path: str | Path) -> HealthReport:
    """Figures of a checkpoint's tensors (see `health.tensor_health`)."""
    return run_sandboxed("aqboard.readers.tasks:health", HealthReport, [str(path)], seconds=_LONG)


def diff_checkpoints(a: str | Path, b: str | Path) -> CheckpointDiff:
    """Two checkpoints held against each other (see `checkpoint_diff.diff_checkpoints`)."""
    return run_sandboxed("aqboard.readers.tasks:diff", CheckpointDiff, [str(a), str(b)], seconds=_LONG)


def _inspect_all(paths: list[str]) -> tuple[list[CacheFacts], list[UnreadableCache]]:
    """All candidates in one child; when it dies, each half in its own, down to the one at fault."""
    if not paths:
        return [], []
    try:
        found = run_sandboxed("aqboard.readers.tasks:group", CacheGroups, paths)
    except ReadError as error:
        if error.code not in _DIED:
            raise
        if len(paths) == 1:
            return [], [UnreadableCache(path=paths[0], code=error.code, message=error.message)]
        middle = len(paths) // 2
        first, second = _inspect_all(paths[:middle]), _inspect_all(paths[middle:])
        return first[0] + second[0], first[1] + second[1]
    return list(found.facts), list(found.unreadable)
