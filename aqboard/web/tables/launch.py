"""The Slurm job of a plan, as facts to read."""

import shlex

from aqboard.domain.plan import ClusterPlan


def plan_facts(cluster: ClusterPlan) -> tuple[tuple[str, str], ...]:
    """(setting, value) of everything that goes to Slurm, in reading order."""
    return (
        ("cluster profile", cluster.profile),
        ("account", cluster.account),
        ("partition", cluster.partition),
        ("time limit", cluster.time),
        ("job name", cluster.job_name),
        ("working directory", cluster.workdir),
        ("training command", shlex.join(cluster.command)),
    )
