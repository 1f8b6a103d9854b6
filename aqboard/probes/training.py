"""The training's own idea of the job: nodes, devices, batch and steps, as its configuration has them."""

from aqboard.domain.evidence.training import TrainingEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import DescribesTraining


def measure(context: Context) -> TrainingEvidence:
    """Ask the target; one that does not say leaves nothing to compare."""
    target = context.target
    return TrainingEvidence(facts=target.training_facts() if isinstance(target, DescribesTraining) else None)


PROBE = Probe(TrainingEvidence, "Training's configuration", measure)
