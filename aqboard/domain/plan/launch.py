"""The launch plan as a whole."""

from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from aqboard.domain.errors import PlanError
from aqboard.domain.finding import Severity
from aqboard.domain.model import Name, Record
from aqboard.domain.plan.job import ChecksPlan, ClusterPlan
from aqboard.domain.plan.model import (
    BaselinePlan,
    CheckpointPlan,
    DataPlan,
    ExpectationsPlan,
    ForwardPlan,
    ScanPlan,
    TargetPlan,
    TrainingPlan,
)
from aqboard.domain.signing.policy import Policy

R = TypeVar("R", bound=Record)


class LaunchPlan(Record):
    """Everything a launch depends on. Validated as a whole; `with_base` makes its paths absolute."""

    name: Name
    author: Name
    description: str = Field(default="", max_length=4000)
    target: TargetPlan
    checkpoint: CheckpointPlan
    scan: ScanPlan | None = None
    """Only where tokens are ordered by the wind; without it the scan's and the caches' checks do not apply."""
    data: DataPlan
    baseline: BaselinePlan
    forward: ForwardPlan = ForwardPlan()
    expectations: ExpectationsPlan = ExpectationsPlan()
    training: TrainingPlan = TrainingPlan()
    cluster: ClusterPlan
    checks: ChecksPlan = ChecksPlan()
    policy: Policy = Policy()
    severities: dict[str, Severity] = Field(default_factory=dict)
    """Check id -> what it means for this launch, where that differs from the usual; always shown."""
    limits: dict[str, Annotated[float, Field(gt=0, le=86_400)]] = Field(default_factory=dict)
    """Probe -> seconds after which it is stopped, where that differs from the usual."""

    @model_validator(mode="after")
    def _reference_scans(self) -> Self:
        if self.target.own and self.scan is None:
            raise ValueError("have the section `scan`: the reference model orders its tokens by the wind")
        return self

    @property
    def wind_scan(self) -> ScanPlan:
        """The scan section; raises PlanError for a launch without one, whose scan checks do not apply."""
        if self.scan is None:
            raise PlanError("The plan has no scan section.")
        return self.scan

    def with_base(self, folder: Path) -> "LaunchPlan":
        """The same plan with every relative path joined to `folder`."""

        def at(path: Path) -> Path:
            return path if path.is_absolute() else folder / path

        def moved(record: R, **changes: object) -> R:
            return record.model_copy(update=changes)

        scan = self.scan
        if scan is not None:
            scan = moved(scan, cache=at(scan.cache), candidates=tuple(at(path) for path in scan.candidates))
        log, config, workdir = self.baseline.log, self.target.config, self.target.workdir
        container = self.cluster.container
        if container is not None:
            container = moved(container, image=at(container.image))
        return moved(
            self,
            target=moved(
                self.target,
                config=at(config) if config else None,
                workdir=at(workdir) if workdir else None,
                python_path=tuple(at(path) for path in self.target.python_path),
            ),
            checkpoint=moved(self.checkpoint, path=at(self.checkpoint.path)),
            scan=scan,
            data=moved(self.data, directory=at(self.data.directory)),
            baseline=moved(self.baseline, log=at(log) if log else None),
            cluster=moved(self.cluster, container=container),
        )

    def input_files(self) -> tuple[tuple[str, Path], ...]:
        """(key in the plan, path) of every single file whose content the verdict depends on, in reading order."""
        files = [("target.config", self.target.config)] if self.target.config else []
        files.append(("checkpoint.path", self.checkpoint.path))
        if self.scan:
            files.append(("scan.cache", self.scan.cache))
            files += [(f"scan.candidates[{i}]", path) for i, path in enumerate(self.scan.candidates)]
        if self.baseline.log:
            files.append(("baseline.log", self.baseline.log))
        if self.cluster.container:
            files.append(("cluster.container.image", self.cluster.container.image))
        return tuple(files)
