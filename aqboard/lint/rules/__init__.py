"""The rules of lint, in the order of their numbers: each is defined next to its judge, in the file of its subject."""

from aqboard.lint.rules import directives, failure, job, network, resources, storage, tasks
from aqboard.lint.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    failure.ERREXIT,
    failure.EXIT_CODE,
    tasks.RANK,
    tasks.VISIBLE_GPUS,
    resources.CPUS_PER_TASK,
    resources.CORES,
    resources.MEMORY,
    resources.CPU_BINDING,
    network.INTERFACES,
    storage.JIT_CACHE,
    tasks.LOCAL_FOLDER,
    storage.ACCOUNT,
    network.WATCHDOG,
    job.REQUEUE,
    network.OPEN_SERVICE,
    tasks.NESTED_LAUNCHER,
    job.TRAINING_AGREES,
    directives.DIRECTIVES,
    job.PROFILE_LIMITS,
    directives.LINE_ENDS,
)

__all__ = ["RULES", "Rule", "rule_named"]


def rule_named(name: str) -> Rule | None:
    """The rule of this slug or number."""
    return next((rule for rule in RULES if name in (rule.slug, str(rule.number))), None)
