"""An attempt: one plan at one time, its input files known by digest. Never edited, only superseded."""

from pathlib import Path
from uuid import uuid4

from pydantic import AwareDatetime, Field

from aqboard.domain.model import Record
from aqboard.domain.plan import LaunchPlan


class InputFile(Record):
    """A file the verdict depends on. `sha256` is its identity; `md5` is shown because people compare it."""

    key: str
    """Where the plan names it, e.g. `checkpoint.path`."""
    path: Path
    size: int
    """Bytes."""
    mtime: AwareDatetime
    md5: str
    sha256: str


class NodeBilling(Record):
    """What one whole node costs for one hour, in the centre's own unit."""

    unit: str
    per_node_hour: float = Field(gt=0, allow_inf_nan=False)


class Attempt(Record):
    """The frozen plan with everything needed to judge it again later."""

    uid: str = Field(default_factory=lambda: uuid4().hex)
    created_at: AwareDatetime
    host: str
    aqboard_version: str
    plan: LaunchPlan
    plan_text: str
    """The YAML as it was written, comments included."""
    inputs: tuple[InputFile, ...]
    checks: tuple[str, ...]
    """Ids of the checks that were to be answered, in reading order; one without a finding did not run."""
    billing: NodeBilling | None = None
    """What a node costs on the plan's cluster, where its profile says so."""
    left_out: tuple[str, ...] = ()
    """Those of `checks` that somebody left out on the command line; they are skipped, and block as ever."""

    @property
    def name(self) -> str:
        """The plan's name."""
        return self.plan.name

    def input(self, key: str) -> InputFile:
        """The input that the plan names under `key`; raises KeyError when there is none."""
        for file in self.inputs:
            if file.key == key:
                return file
        raise KeyError(key)
