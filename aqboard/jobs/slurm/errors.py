"""The one exception of the Slurm client."""

from aqboard.domain.errors import AqboardError


class SlurmError(AqboardError):
    """Slurm is not here, does not answer, or refused.

    Codes: `slurm-missing` (its commands are not installed), `slurm-silent` (no answer: try again later),
    `slurm-refused` (it said no; the message says why and what to change).
    """

    code = "slurm-refused"
