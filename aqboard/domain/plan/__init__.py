"""The launch plan: what is to be launched, with which model, checkpoint, caches, data, baseline and cluster.

A plan is data, not code. It is written in YAML, validated here, frozen into an attempt, and never edited after.
Every relative path in it is relative to the plan's own folder.
"""

from aqboard.domain.plan.job import (
    CanaryPlan,
    ChecksPlan,
    ClusterPlan,
    ContainerPlan,
    SlurmMemory,
    SlurmTime,
    SlurmWord,
)
from aqboard.domain.plan.launch import LaunchPlan
from aqboard.domain.plan.model import (
    SCAN_RULES,
    Answer,
    BaselinePlan,
    Builder,
    CheckpointPlan,
    DataPlan,
    ExpectationsPlan,
    ForwardPlan,
    ScanLayout,
    ScanPlan,
    ScanRule,
    TargetPlan,
    TrainingPlan,
)

__all__ = [
    "SCAN_RULES",
    "Answer",
    "BaselinePlan",
    "Builder",
    "CanaryPlan",
    "CheckpointPlan",
    "ChecksPlan",
    "ClusterPlan",
    "ContainerPlan",
    "DataPlan",
    "ExpectationsPlan",
    "ForwardPlan",
    "LaunchPlan",
    "ScanLayout",
    "ScanPlan",
    "ScanRule",
    "SlurmMemory",
    "SlurmTime",
    "SlurmWord",
    "TargetPlan",
    "TrainingPlan",
]
