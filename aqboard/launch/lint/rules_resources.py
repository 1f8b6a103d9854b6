"""Rules on what is asked of Slurm, held against the cluster's profile and the plan."""

from collections.abc import Iterator

from aqboard.domain.job.slurm_time import hours, in_words
from aqboard.launch.cluster import Partition
from aqboard.launch.lint import values
from aqboard.launch.lint.job import Shape, job_shape, step_shape
from aqboard.launch.lint.looks import programs, trains
from aqboard.launch.lint.model import Script, Step
from aqboard.launch.lint.rule import Hit, Place

DEVICES = ("devices", "nproc_per_node", "nproc-per-node", "gpus", "gpus_per_node", "num_gpus", "n_gpus")
NODES = ("num_nodes", "num-nodes", "nnodes")


def cpus_per_task(script: Script, _: Place) -> Iterator[Hit]:
    """Does each task get its cores?"""
    for step in script.steps:
        bound = step.options.get("cpu-bind", "").startswith(("mask_cpu", "map_cpu", "none", "no"))
        told = "cpus-per-task" in step.options or "cpus-per-gpu" in step.options or bound
        if told or not trains(step) or script.inherited(step, "SRUN_CPUS_PER_TASK"):
            continue
        asked = job_shape(script).cpus_per_task
        yield Hit(
            step.line,
            "srun does not take --cpus-per-task over from the directives (since Slurm 22.05): each task gets one core"
            + (f", not {asked}." if asked else "."),
            f"In line {step.line} write: srun --cpus-per-task={asked or 'N'} ...   or above it: "
            f"export SRUN_CPUS_PER_TASK={asked or 'N'}",
            step.column,
        )


def too_many_cores(script: Script, place: Place) -> Iterator[Hit]:
    """Do the tasks fit a node's usable cores?"""
    node = place.profile.node if place.profile else None
    if node is None or node.cores is None:
        return
    threads = node.threads_per_core
    if script.value("threads-per-core") == "2" or script.value("hint") == "multithread":
        threads = max(threads, 2)
    limit = node.cores * threads
    job = job_shape(script)
    shapes = [(job, script.option("cpus-per-task") or script.option("ntasks-per-node"))]
    found = [(shape, at.line, at.column) for shape, at in shapes if at and _cores(shape) > limit]
    if not found:
        steps = [(step_shape(script, step), step) for step in script.steps]
        found = [(shape, step.line, step.column) for shape, step in steps if _cores(shape) > limit][:1]
    for shape, line, column in found:
        yield Hit(
            line,
            f"{shape.tasks_per_node} tasks x {shape.cpus_per_task} cores are {_cores(shape)} cores of a node; jobs on "
            f"{place.profile.name if place.profile else ''} may use {limit}: this one is refused or waits for ever.",
            f"In line {line} ask for at most {limit // (shape.tasks_per_node or 1)} cores per task.",
            column,
        )


def memory(script: Script, _: Place) -> Iterator[Hit]:
    """Is the memory asked for?"""
    if script.value("mem", "mem-per-cpu", "mem-per-gpu") is None and script.directives:
        last = script.directives[-1]
        yield Hit(
            last.line,
            "No memory is asked for: the partition's default applies, often a few GB per core, and --exclusive does "
            "not change that.",
            f"Below line {last.line} write: #SBATCH --mem=0   (all the memory of each node)",
        )


def cpu_binding(script: Script, place: Place) -> Iterator[Hit]:
    """Does each task run on the cores beside its GPU?"""
    masks = place.profile.cpu_masks if place.profile else None
    if masks is None:
        return
    for step in script.steps:
        shape = step_shape(script, step)
        names = [name for words in step.programs for name in programs(words[:8])]
        bound = any(name in ("numactl", "taskset", "hwloc-bind") for name in names) or "gpu-bind" in step.options
        told = step.options.get("cpu-bind", "quiet") not in ("quiet", "verbose", "no", "none")
        if (
            shape.tasks_per_node == len(masks.masks)
            and trains(step)
            and not (bound or told or script.inherited(step, "SLURM_CPU_BIND"))
        ):
            yield Hit(
                step.line,
                "A full node without CPU binding: tasks run on cores far from their GPU, and move between them.",
                f"In line {step.line} write: srun --cpu-bind={masks.option} ...",
                step.column,
            )


def requeue(script: Script, _: Place) -> Iterator[Hit]:
    """Is it said what happens after a node failure?"""
    if not script.directives:
        return
    last = script.directives[-1]
    again, never = script.option("requeue"), script.option("no-requeue")
    if again is None and never is None:
        yield Hit(
            last.line,
            "Not said what Slurm does after a node failure: most clusters start the job again by themselves, under the "
            "same id, and truncate its log.",
            f"Below line {last.line} write: #SBATCH --no-requeue   (or --requeue together with --open-mode=append)",
        )
    elif again is not None and script.value("open-mode") != "append":
        yield Hit(
            again.line,
            "After a requeue the log of the first try is overwritten.",
            f"Below line {again.line} write: #SBATCH --open-mode=append",
            again.column,
        )


def training_agrees(script: Script, place: Place) -> Iterator[Hit]:
    """Are nodes and GPUs those that the training counts on?"""
    yield from _against_plan(script, place)
    for step in script.steps:
        shape = step_shape(script, step)
        for name, value, line, column in _numbers(step):
            if name in NODES and shape.nodes is not None and value != shape.nodes:
                yield Hit(
                    line,
                    f"The training is told {value} nodes, the job has {shape.nodes}.",
                    f'In line {line} write: --{name}="$SLURM_NNODES"   or {shape.nodes}.',
                    column,
                )
            expected = _devices(shape, step)
            if name in DEVICES and expected is not None and value != expected:
                yield Hit(
                    line,
                    f"The training is told {value} devices a node, the step has {expected}: it stops, waits for tasks "
                    "that never come, or leaves GPUs idle.",
                    f"In line {line} write: --{name}={expected}   or ask for {value} tasks and GPUs a node.",
                    column,
                )


def outside_profile(script: Script, place: Place) -> Iterator[Hit]:
    """Do time, nodes and partition fit the cluster?"""
    time, profile = script.option("time"), place.profile
    asked = values.time_hours(time.value) if time else None
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


def _cores(shape: Shape) -> int:
    return (shape.tasks_per_node or 0) * (shape.cpus_per_task or 0)


def _devices(shape: Shape, step: Step) -> int | None:
    """Devices of one node as the training must count them: its tasks, or its GPUs where one task starts the rest."""
    if shape.tasks_per_node is not None and shape.tasks_per_node > 1:
        return shape.tasks_per_node
    return shape.gpus_per_node


def _numbers(step: Step) -> Iterator[tuple[str, int, int, int]]:
    """(name, number, line, column) of every argument like `--trainer.devices=8`, `devices=8` or `--devices 8`."""
    for words in step.programs:
        for i, word in enumerate(words):
            name, equals, value = word.text.partition("=")
            if not equals and name.startswith("--") and i + 1 < len(words):
                value = words[i + 1].text
            count = values.number(value)
            key = name.lstrip("-+").rpartition(".")[2]
            if count is not None and key in (*DEVICES, *NODES) and (equals or name.startswith("--")):
                yield key, count, word.line, word.column


def _against_plan(script: Script, place: Place) -> Iterator[Hit]:
    plan, job = place.plan, job_shape(script)
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
