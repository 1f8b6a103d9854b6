"""What a check session asks Slurm for: what the plan says, else the profile, else a share of the launch's own nodes."""

from aqboard.domain.cluster import ChecksOn, ClusterProfile
from aqboard.domain.errors import LaunchError
from aqboard.domain.job.slurm_time import hours, in_words
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.session.check_session import CheckJob

USUAL_TIME = "00:30:00"
_KIB = {"M": 1 << 10, "G": 1 << 20, "T": 1 << 30}


def check_job(plan: LaunchPlan, profile: ClusterProfile) -> CheckJob:
    """The job for the checks of this plan; raises LaunchError when it cannot run there."""
    asked, usual = plan.checks, profile.checks or _share(plan, profile)
    elsewhere = asked.partition not in (None, usual.partition)
    job = CheckJob(
        account=asked.account or plan.cluster.account,
        partition=asked.partition or usual.partition,
        time=asked.time or usual.time,
        gpus=usual.gpus if asked.gpus is None else asked.gpus,
        gpu_request=profile.node.request,
        # Another partition may have other nodes: of them the profile says nothing.
        cpus=asked.cpus or (None if elsewhere else usual.cpus),
        memory=asked.memory or (None if elsewhere else usual.memory),
        python=asked.python,
        container=asked.container,
    )
    _require_time(job, profile)
    return job


def _share(plan: LaunchPlan, profile: ClusterProfile) -> ChecksOn:
    """One GPU of a node of the launch's own partition, with the cores and the memory that belong to it."""
    return ChecksOn(
        partition=plan.cluster.partition,
        time=USUAL_TIME,
        gpus=1,
        cpus=profile.cores_per_task,
        memory=_divided(profile.memory.per_node, profile.node.gpus) if profile.memory and profile.node.gpus else None,
        source="",
    )


def _divided(memory: str, parts: int) -> str:
    """A memory in Slurm's writing divided by a number, in MiB."""
    return f"{int(memory[:-1]) * _KIB[memory[-1]] // parts >> 10}M"


def _require_time(job: CheckJob, profile: ClusterProfile) -> None:
    if hours(job.time) == 0:
        raise LaunchError(f"checks.time: {job.time} means no limit at all to Slurm; say how long the checks may take.")
    partition = profile.partitions.get(job.partition)
    if partition and partition.max_time and hours(job.time) > hours(partition.max_time):
        raise LaunchError(
            f"checks.time: {in_words(job.time)} are more than {job.partition} allows ({in_words(partition.max_time)}); "
            "ask for less, or name another checks.partition."
        )
