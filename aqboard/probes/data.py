"""The data of this launch beside the data of the training that made the checkpoint."""

from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.evidence.data import DataEvidence
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import KnowsData, Unavailable


def measure(context: Context) -> DataEvidence:
    """Ask the target for both; it knows under which names its training saves them."""
    checkpoint = context.known(CheckpointEvidence)
    if checkpoint is None:
        raise Unavailable("the checkpoint could not be read")
    target = context.target
    if not isinstance(target, KnowsData):
        return DataEvidence()
    return DataEvidence(
        launch=target.data_facts(),
        trained=target.trained_on(checkpoint.summary.hyper_parameters, checkpoint.provenance or {}),
    )


PROBE = Probe(DataEvidence, "Data", measure)
