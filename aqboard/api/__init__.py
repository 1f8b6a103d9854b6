"""What another package may import from aqboard: to add a check, evidence, a lint rule, a profile, a demo. No torch.

`aqboard.api.target` has the rest, for code that measures: targets and probes. What is not named in one of the two may
change at any time, but for the guard's callback: a training script imports `aqboard.guard.for_lightning.LaunchGuard`,
or `for_pytorch_lightning`. Each needs its own Lightning, so neither is here.

How a package hands over what it brings: `aqboard.plugins`, and the pages docs/adding_a_*.md.
"""

from aqboard.checks.check import Check
from aqboard.domain.cluster import ClusterProfile, Source
from aqboard.domain.errors import AqboardError, TargetError
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.checkpoint import (
    CheckpointEvidence,
    ConfigurationEvidence,
    FileEvidence,
    HealthEvidence,
    LoadEvidence,
    OptimizerEvidence,
)
from aqboard.domain.evidence.data import DataEvidence, DataFacts, Period, Statistics
from aqboard.domain.evidence.forward import CounterfactualEvidence, ForwardEvidence, RepeatEvidence
from aqboard.domain.evidence.loss import AttributionEvidence, CurveEvidence, LossEvidence
from aqboard.domain.evidence.machine import EnvironmentEvidence
from aqboard.domain.evidence.scan import CacheEvidence, ScanEvidence
from aqboard.domain.evidence.training import CostEvidence, RanksEvidence, StepEvidence, TrainingEvidence, TrainingFacts
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
from aqboard.domain.plan import ClusterPlan, LaunchPlan, ScanLayout, ScanRule
from aqboard.lint.parse.model import Assignment, Command, Comment, Directive, JobStep, Script, Word
from aqboard.lint.rules.rule import Hit, Level, Rule, RuleContext, source
from aqboard.plugins import Demo
from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache, cache_digests, read_scan_cache

__all__ = [
    "AqboardError",
    "Assignment",
    "AttributionEvidence",
    "CacheEvidence",
    "Check",
    "CheckpointEvidence",
    "ClusterPlan",
    "ClusterProfile",
    "Command",
    "Comment",
    "ConfigurationEvidence",
    "CostEvidence",
    "CounterfactualEvidence",
    "CurveEvidence",
    "DataEvidence",
    "DataFacts",
    "Demo",
    "Directive",
    "EnvironmentEvidence",
    "Evidence",
    "FileEvidence",
    "ForwardEvidence",
    "HealthEvidence",
    "Hit",
    "JobStep",
    "Judgement",
    "LaunchPlan",
    "Level",
    "LoadEvidence",
    "LossEvidence",
    "Measurement",
    "OptimizerEvidence",
    "Period",
    "RanksEvidence",
    "Record",
    "RepeatEvidence",
    "Rule",
    "RuleContext",
    "ScanCache",
    "ScanEvidence",
    "ScanLayout",
    "ScanRule",
    "Script",
    "Severity",
    "Source",
    "Stage",
    "Statistics",
    "StepEvidence",
    "TargetError",
    "TrainingEvidence",
    "TrainingFacts",
    "Verdict",
    "Word",
    "broke",
    "build_scan_cache",
    "cache_digests",
    "failed",
    "first_fault",
    "passed",
    "read_scan_cache",
    "skipped",
    "source",
    "warned",
]
