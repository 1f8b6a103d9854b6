"""What a launch costs if it runs to its time limit, in GPU-hours and in the centre's own unit."""

from aqboard.domain.model import Record
from aqboard.domain.plan import ClusterPlan
from aqboard.domain.slurm_time import hours
from aqboard.launch.cluster import ClusterProfile


class Cost(Record):
    """The bill of one job. A GPU is what Slurm counts as one, which on MI250X is one of two dies."""

    gpus: int
    """Also the GPU-hours that pass in every hour of the job."""
    hours: float
    """Wall time asked for."""
    gpu_hours: float
    """GPU-hours of the whole job."""
    unit: str = ""
    """The centre's billing unit; empty when the profile knows no billing rule."""
    billed_per_hour: float | None = None
    """In `unit`."""
    billed: float | None = None
    """For the whole job, in `unit`."""

    @property
    def sentence(self) -> str:
        """The bill in words, with every unit named."""
        spent = (
            f"{self.gpus} GPUs: {number(self.gpus)} GPU-hours per hour, "
            f"{number(self.gpu_hours)} for the whole {number(self.hours)} h"
        )
        if self.billed is None or self.billed_per_hour is None:
            return f"{spent}; how the centre bills them is not known."
        return f"{spent}; billed {number(self.billed_per_hour)} {self.unit} per hour, {number(self.billed)} in all."


def cost_of(cluster: ClusterPlan, profile: ClusterProfile) -> Cost:
    """The bill of the job in `cluster` on whole nodes of the profile's cluster."""
    wall = hours(cluster.time)
    billing = profile.billing
    per_hour = billing.per_node_hour * cluster.nodes if billing else None
    return Cost(
        gpus=cluster.gpus,
        hours=wall,
        gpu_hours=cluster.gpus * wall,
        unit=billing.unit if billing else "",
        billed_per_hour=per_hour,
        billed=per_hour * wall if per_hour is not None else None,
    )


def number(value: float) -> str:
    """A figure to read: thousands apart, at most one decimal, none when it is whole."""
    return f"{value:,.1f}".removesuffix(".0").replace(",", " ")
