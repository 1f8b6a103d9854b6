"""Rules on the job as a whole: after a failure, within the cluster's limits, and as the training expects it."""

from collections.abc import Iterator

from aqboard.domain.cluster import Partition
from aqboard.domain.job.slurm_time import hours, in_words
from aqboard.lint.parse.model import JobStep, Script
from aqboard.lint.parse.options import whole_number
from aqboard.lint.rules.rule import SBATCH, Hit, Level, Rule, RuleContext, source
from aqboard.lint.rules.shape import Shape, job_shape, step_shape

DEVICES = ("devices", "nproc_per_node", "nproc-per-node", "gpus", "gpus_per_node", "num_gpus", "n_gpus")
NODES = ("num_nodes", "num-nodes", "nnodes")


def requeue(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does the script say what happens after a node failure?"""
    if not script.directives:
        return
    last = script.directives[-1]
    again, never = script.option("requeue"), script.option("no-requeue")
    if again is None and never is None:
        yield Hit(
            last.line,
            "The script does not say what Slurm does after a node failure: most clusters start the job again by "
            "themselves, under the same id, and truncate its log.",
            f"Below line {last.line} write: #SBATCH --no-requeue   (or --requeue together with --open-mode=append)",
        )
    elif again is not None and script.value("open-mode") != "append":
        yield Hit(
            again.line,
            "After a requeue the log of the first try is overwritten.",
            f"Below line {again.line} write: #SBATCH --open-mode=append",
            again.column,
        )


REQUEUE = Rule(
    14,
    "requeue",
    "The script says what happens after a node failure",
    Level.WARNING,
    "Slurm starts a requeued batch script from its beginning, under the same id. A cluster may do so by default, "
    "and truncate the log.",
    SBATCH,
    requeue,
    whole=True,
)


def training_agrees(script: Script, context: RuleContext) -> Iterator[Hit]:
    """Are nodes and GPUs those that the training expects?"""
    yield from _against_plan(script, context)
    for step in script.steps:
        shape = step_shape(script, step)
        for name, value, line, column in _numbers(step):
            if name in NODES and shape.nodes is not None and value != shape.nodes:
                yield Hit(
                    line,
                    f"The training expects {value} nodes, the job has {shape.nodes}.",
                    f'In line {line} write: --{name}="$SLURM_NNODES"   or {shape.nodes}.',
                    column,
                )
            expected = _devices(shape, step)
            if name in DEVICES and expected is not None and value != expected:
                yield Hit(
                    line,
                    f"The training expects {value} devices a node, the step has {expected}: it stops, waits for tasks "
                    "that never come, or leaves GPUs idle.",
                    f"In line {line} write: --{name}={expected}   or ask for {value} tasks and GPUs a node.",
                    column,
                )


TRAINING_AGREES = Rule(
    17,
    "training-agrees",
    "Nodes and GPUs are those that the training expects",
    Level.ERROR,
    "Lightning expects as many tasks per node as devices. With fewer it waits for ever, with more GPUs than "
    "processes the rest is paid for and idle.",
    source(
        "PyTorch Lightning, run on an on-prem cluster",
        "https://lightning.ai/docs/pytorch/stable/clouds/cluster_advanced.html",
    ),
    training_agrees,
)


def outside_profile(script: Script, context: RuleContext) -> Iterator[Hit]:
    """Do time, nodes and partition fit the cluster?"""
    time, profile = script.option("time"), context.profile
    asked = _hours(time.value) if time else None
    if time and asked is None and "$" not in time.value and time.value.upper() not in ("UNLIMITED", "INFINITE"):
        fix = f"In line {time.line} write days-hours:minutes:seconds, e.g. --time=1-12:00:00"
        yield Hit(time.line, f"{time.value!r} is not a time that Slurm understands.", fix, time.column)
    named = script.option("partition")
    if profile is None or named is None or not profile.partitions or "$" in named.value:
        return
    names = named.value.split(",")
    unknown = [name for name in names if name not in profile.partitions]
    if unknown:
        yield Hit(
            named.line,
            f"{profile.name} has no GPU partition {unknown[0]!r}.",
            f"In line {named.line} choose one of: {', '.join(profile.partitions)}",
            named.column,
        )
        return
    for name in names:
        yield from _limits(script, name, profile.partitions[name], asked)


PROFILE_LIMITS = Rule(
    19,
    "profile-limits",
    "Time, nodes and partition fit the cluster",
    Level.ERROR,
    "A job beyond its partition's limits is refused, or waits in the queue for ever with a reason nobody reads. "
    "Limits are the profile's, with their source and date: see `aqboard profiles`.",
    source(
        "LUMI user guide, Slurm partitions",
        "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/partitions/",
        "source commit 27f3bb3",
    ),
    outside_profile,
)


def _hours(time: str) -> float | None:
    try:
        return hours(time.strip())
    except ValueError:
        return None


def _limits(script: Script, name: str, limits: Partition, asked_h: float | None) -> Iterator[Hit]:
    nodes, count = script.option("nodes"), job_shape(script).nodes
    if nodes and count and limits.max_nodes is not None and count > limits.max_nodes:
        yield Hit(
            nodes.line,
            f"{count} nodes are more than {name} allows for one job ({limits.max_nodes}).",
            f"In line {nodes.line} ask for at most {limits.max_nodes}, or choose another partition.",
            nodes.column,
        )
    time, longest = script.option("time"), limits.time_limit(count)
    if time and asked_h is not None and longest is not None and asked_h > hours(longest):
        of = f" with {count} nodes" if count and limits.max_time_up_to else ""
        yield Hit(
            time.line,
            f"{asked_h:.4g} h are more than {name} allows{of} ({in_words(longest)}).",
            f"In line {time.line} write: --time={longest}   and continue from a checkpoint in a second job.",
            time.column,
        )


def _devices(shape: Shape, step: JobStep) -> int | None:
    """Devices of one node as the training must count them: its tasks, or its GPUs where one task starts the rest."""
    if shape.tasks_per_node is not None and shape.tasks_per_node > 1:
        return shape.tasks_per_node
    return shape.gpus_per_node


def _numbers(step: JobStep) -> Iterator[tuple[str, int, int, int]]:
    """(name, number, line, column) of every argument like `--trainer.devices=8`, `devices=8` or `--devices 8`."""
    for words in step.programs:
        for i, word in enumerate(words):
            name, equals, value = word.text.partition("=")
            if not equals and name.startswith("--") and i + 1 < len(words):
                value = words[i + 1].text
            count = whole_number(value)
            key = name.lstrip("-+").rpartition(".")[2]
            if count is not None and key in (*DEVICES, *NODES) and (equals or name.startswith("--")):
                yield key, count, word.line, word.column


def _against_plan(script: Script, context: RuleContext) -> Iterator[Hit]:
    plan, job = context.plan, job_shape(script)
    if plan is None:
        return
    pairs = (
        ("nodes", job.nodes, plan.nodes),
        ("gpus-per-node", job.gpus_per_node, plan.gpus_per_node),
        ("ntasks-per-node", job.tasks_per_node, plan.gpus_per_node),
    )
    for option, said, planned in pairs:
        at = script.option(option) or (script.option("gres") if option == "gpus-per-node" else None)
        if at is not None and said is not None and said != planned:
            yield Hit(
                at.line,
                f"The script asks for {said} ({option}), the plan for {planned}.",
                f"In line {at.line} write: #SBATCH --{option}={planned}   or correct the plan.",
                at.column,
            )
