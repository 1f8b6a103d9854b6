"""What another package may import from aqboard: to add a check, evidence, a profile, a lint rule, a demo. No torch.

`aqboard.api.target` has the rest, for code that measures: targets and probes. What is not named in one of the two may
change at any time. How a package hands over what it brings: `aqboard.plugins`, and docs/adding_a_check.md.
"""

from aqboard.checks.check import Check
from aqboard.domain.errors import AqboardError, TargetError
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.data import DataFacts, Period, Statistics
from aqboard.domain.evidence.training import TrainingFacts
from aqboard.domain.finding import (
    Judgement,
    Measurement,
    Severity,
    Stage,
    Verdict,
    broke,
    failed,
    passed,
    skipped,
    warned,
)
from aqboard.domain.model import Record, first_fault
from aqboard.domain.plan import LaunchPlan, ScanLayout, ScanRule
from aqboard.plugins import Demo
from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache, cache_digests, read_scan_cache

__all__ = [
    "AqboardError",
    "Check",
    "DataFacts",
    "Demo",
    "Evidence",
    "Judgement",
    "LaunchPlan",
    "Measurement",
    "Period",
    "Record",
    "ScanCache",
    "ScanLayout",
    "ScanRule",
    "Severity",
    "Stage",
    "Statistics",
    "TargetError",
    "TrainingFacts",
    "Verdict",
    "broke",
    "build_scan_cache",
    "cache_digests",
    "failed",
    "first_fault",
    "passed",
    "read_scan_cache",
    "skipped",
    "warned",
]
