"""Does the job fit the cluster? Asked before anyone signs, so that Slurm is not the first to say no."""

from aqboard.domain.job.slurm_time import hours, in_words
from aqboard.domain.plan import ClusterPlan
from aqboard.launch.canary import canary_job
from aqboard.launch.cluster import ClusterProfile, Partition
from aqboard.launch.quoting import slug

INTERACTIVE_NAMES = ("bash", "interactive")
"""Lightning takes a job of this name for an interactive shell and starts one process instead of one per task."""


def misfits(cluster: ClusterPlan, profile: ClusterProfile) -> tuple[str, ...]:
    """A sentence for everything in `cluster` that the profile's cluster will refuse or misread; empty when it fits.

    What the profile does not know is not judged. The canary, where there is one, is judged as a job of its own.
    """
    canary = canary_job(cluster, profile)
    return (
        *_misfits(cluster, profile),
        *(f"The canary: {told}" for told in (_misfits(canary, profile) if canary else ())),
    )


def _misfits(cluster: ClusterPlan, profile: ClusterProfile) -> tuple[str, ...]:
    partition = profile.partitions.get(cluster.partition)
    return (
        *_partition_misfits(cluster, profile),
        *(_partition_limits(cluster, partition) if partition else ()),
        *_node_misfits(cluster, profile),
        *_job_misfits(cluster),
    )


def _partition_misfits(cluster: ClusterPlan, profile: ClusterProfile) -> tuple[str, ...]:
    if not profile.partitions or cluster.partition in profile.partitions:
        return ()
    known = ", ".join(profile.partitions)
    return (f"Partition {cluster.partition} is not one of {profile.name}'s GPU partitions; choose one of: {known}.",)


def _partition_limits(cluster: ClusterPlan, partition: Partition) -> tuple[str, ...]:
    found = []
    if partition.max_nodes is not None and cluster.nodes > partition.max_nodes:
        found.append(
            f"{cluster.nodes} nodes are more than {cluster.partition} allows for one job ({partition.max_nodes}); "
            "ask for fewer or choose another partition."
        )
    longest = partition.time_limit(cluster.nodes)
    if longest is not None and hours(cluster.time) > hours(longest):
        of = f" with {cluster.nodes} nodes" if partition.max_time_up_to else ""
        found.append(
            f"{in_words(cluster.time)} are more than {cluster.partition} allows{of} ({in_words(longest)}); "
            "shorten the job and continue it from its checkpoint."
        )
    return tuple(found)


def _node_misfits(cluster: ClusterPlan, profile: ClusterProfile) -> tuple[str, ...]:
    gpus = profile.node.gpus
    if gpus is None or cluster.gpus_per_node == gpus:
        return ()
    return (
        f"gpus_per_node is {cluster.gpus_per_node}, but a node of {profile.name} has {gpus}; a launch takes whole "
        f"nodes, so write {gpus} and set the number of nodes for {cluster.gpus} GPUs.",
    )


def _job_misfits(cluster: ClusterPlan) -> tuple[str, ...]:
    found = []
    if hours(cluster.time) == 0:
        found.append(f"Time {cluster.time} means no limit at all to Slurm; say how long the job may run.")
    if slug(cluster.job_name) in INTERACTIVE_NAMES:
        found.append(
            f"The job name {cluster.job_name!r} makes Lightning believe it runs in an interactive shell and start a "
            "single process; choose another name."
        )
    return tuple(found)
