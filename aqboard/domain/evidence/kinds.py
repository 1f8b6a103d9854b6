"""Every kind of evidence that aqboard's own probes bring."""

from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.checkpoint import (
    CheckpointEvidence,
    ConfigurationEvidence,
    FileEvidence,
    HealthEvidence,
    LoadEvidence,
    OptimizerEvidence,
)
from aqboard.domain.evidence.data import DataEvidence
from aqboard.domain.evidence.forward import CounterfactualEvidence, ForwardEvidence, RepeatEvidence
from aqboard.domain.evidence.loss import AttributionEvidence, CurveEvidence, LossEvidence
from aqboard.domain.evidence.machine import EnvironmentEvidence
from aqboard.domain.evidence.scan import CacheEvidence, ScanEvidence
from aqboard.domain.evidence.training import CostEvidence, RanksEvidence, StepEvidence, TrainingEvidence

EVIDENCE: tuple[type[Evidence], ...] = (
    FileEvidence,
    CheckpointEvidence,
    HealthEvidence,
    CurveEvidence,
    ConfigurationEvidence,
    OptimizerEvidence,
    CacheEvidence,
    DataEvidence,
    TrainingEvidence,
    EnvironmentEvidence,
    LoadEvidence,
    ScanEvidence,
    ForwardEvidence,
    CounterfactualEvidence,
    RepeatEvidence,
    LossEvidence,
    AttributionEvidence,
    StepEvidence,
    RanksEvidence,
    CostEvidence,
)
"""Every kind, in the order in which the probes bring them."""
