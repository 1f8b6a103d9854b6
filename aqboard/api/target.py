"""What another package may import from aqboard to be measured, or to measure: targets and probes. Needs torch.

The records that a target returns are in `aqboard.api`: `DataFacts`, `TrainingFacts`, and what they are made of.
"""

from aqboard.probes.context import Context, Probe
from aqboard.probes.load import load_state_dict
from aqboard.probes.simple import SimpleTarget
from aqboard.probes.target import (
    Batch,
    ComparesCaches,
    Configures,
    DescribesTraining,
    Forwards,
    KnowsData,
    Loaded,
    Loads,
    Neutral,
    Persists,
    Scan,
    ScansWind,
    StartsRanks,
    Target,
    TrainData,
    Trains,
    Unavailable,
    Varies,
    Writes,
)
from aqboard.probes.team_code import able

__all__ = [
    "Batch",
    "ComparesCaches",
    "Configures",
    "Context",
    "DescribesTraining",
    "Forwards",
    "KnowsData",
    "Loaded",
    "Loads",
    "Neutral",
    "Persists",
    "Probe",
    "Scan",
    "ScansWind",
    "SimpleTarget",
    "StartsRanks",
    "Target",
    "TrainData",
    "Trains",
    "Unavailable",
    "Varies",
    "Writes",
    "able",
    "load_state_dict",
]
