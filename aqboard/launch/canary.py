"""The canary: a short trial of the launch on few nodes, submitted first; the launch waits for it to end well."""

from aqboard.domain.cluster import ClusterProfile
from aqboard.domain.plan import CanaryPlan, ClusterPlan

NAME_SUFFIX = "-canary"


def canary_job(cluster: ClusterPlan, profile: ClusterProfile) -> ClusterPlan | None:
    """The canary as a job of its own; None when the plan asks for none.

    Everything is the launch's but nodes, time, partition, the words behind the command, and the job's name.
    """
    canary: CanaryPlan | None = cluster.canary
    if canary is None:
        return None
    return cluster.model_copy(
        update={
            "nodes": canary.nodes,
            "time": canary.time,
            "partition": canary.partition or profile.canary_partition or cluster.partition,
            "job_name": cluster.job_name + NAME_SUFFIX,
            "command": (*cluster.command, *canary.arguments),
            "canary": None,
        }
    )
