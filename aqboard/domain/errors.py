"""The one exception tree of aqboard.

AqboardError            something the user can act on; never a traceback
├── PlanError           the launch plan cannot be understood
├── StoreError          the database cannot be used
├── LaunchError         the script cannot be rendered or may not be written
├── IdentityError       nobody, or not the one who is asked, stands behind a decision
├── TargetError         the code under check does not offer what a probe needs
├── SessionError        a check session cannot be started, found, stopped or imported
├── SlurmError          Slurm is not here, does not answer, or refused
└── ReadError           a file cannot be read safely (`aqboard.readers.errors`)
"""


class AqboardError(Exception):
    """A failure told in one sentence: what, where, and what to do next.

    `code` is stable and meant for programs (`--json`); the message is meant for people.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class PlanError(AqboardError):
    """The launch plan has an unknown key, a value of the wrong type, or names a file that is not there."""

    code = "plan"


class StoreError(AqboardError):
    """The database is missing, is not one of ours, or cannot be written."""

    code = "store"


class LaunchError(AqboardError):
    """The script may not be written, or a value does not fit the cluster."""

    code = "launch"


class IdentityError(AqboardError):
    """The person could not be identified, or may not do what was asked."""

    code = "identity"


class TargetError(AqboardError):
    """The target lacks something a probe asked for; the message says what to add."""

    code = "target"


class SessionError(AqboardError):
    """A check session cannot be started, found, stopped or imported."""

    code = "session"


class SlurmError(AqboardError):
    """Slurm is not here, does not answer, or refused.

    Codes: `slurm-missing` (its commands are not installed), `slurm-silent` (no answer: try again later),
    `slurm-refused` (it said no; the message says why and what to change).
    """

    code = "slurm-refused"
