"""Rules on cores and memory: what Slurm is asked for, held against the node of the cluster's profile."""

from collections.abc import Iterator

from aqboard.lint.parse.model import Script
from aqboard.lint.rules.queries import programs, trains
from aqboard.lint.rules.rule import SBATCH, Hit, Level, Rule, RuleContext, source
from aqboard.lint.rules.shape import Shape, job_shape, step_shape


def cpus_per_task(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does each task get its cores?"""
    for step in script.steps:
        bound = step.options.get("cpu-bind", "").startswith(("mask_cpu", "map_cpu", "none", "no"))
        given = "cpus-per-task" in step.options or "cpus-per-gpu" in step.options or bound
        if given or not trains(step) or script.inherited(step, "SRUN_CPUS_PER_TASK"):
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


CPUS_PER_TASK = Rule(
    5,
    "cpus-per-task",
    "srun knows the cores per task",
    Level.ERROR,
    "Since Slurm 22.05 srun does not inherit --cpus-per-task from sbatch: each task runs on one core, and data "
    "loading becomes many times slower without any message.",
    SBATCH,
    cpus_per_task,
)


def too_many_cores(script: Script, context: RuleContext) -> Iterator[Hit]:
    """Do the tasks fit a node's usable cores?"""
    profile = context.profile
    if profile is None or profile.node.cores is None:
        return
    node, cores = profile.node, profile.node.cores
    threads = node.threads_per_core
    if script.value("threads-per-core") == "2" or script.value("hint") == "multithread":
        threads = max(threads, 2)
    limit = cores * threads
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
            f"{profile.name} may use {limit}: this one is refused or waits for ever.",
            f"In line {line} ask for at most {limit // (shape.tasks_per_node or 1)} cores per task.",
            column,
        )


CORES = Rule(
    6,
    "cores",
    "Tasks times cores fit the node",
    Level.ERROR,
    "Clusters keep cores for the system: on LUMI-G a job that asks for all 64 of a node never starts.",
    source(
        "LUMI user guide, LUMI-G example batch scripts",
        "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/lumig-job/",
        "source commit bad69ac",
    ),
    too_many_cores,
)


def memory(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Is the memory asked for?"""
    if script.value("mem", "mem-per-cpu", "mem-per-gpu") is None and script.directives:
        last = script.directives[-1]
        yield Hit(
            last.line,
            "No memory is asked for: the partition's default applies, often a few GB per core, and --exclusive does "
            "not change that.",
            f"Below line {last.line} write: #SBATCH --mem=0   (all the memory of each node)",
        )


MEMORY = Rule(
    7,
    "memory",
    "Memory is asked for",
    Level.WARNING,
    "Without a request the default of the partition applies. --exclusive gives all CPUs and GPUs of a node, but "
    "only as much memory as was asked for; --mem=0 asks for all of it.",
    SBATCH,
    memory,
    whole=True,
)


def cpu_binding(script: Script, context: RuleContext) -> Iterator[Hit]:
    """Does each task run on the cores nearest to its GPU?"""
    masks = context.profile.cpu_masks if context.profile else None
    if masks is None:
        return
    for step in script.steps:
        shape = step_shape(script, step)
        names = [name for words in step.programs for name in programs(words[:8])]
        bound = any(name in ("numactl", "taskset", "hwloc-bind") for name in names) or "gpu-bind" in step.options
        given = step.options.get("cpu-bind", "quiet") not in ("quiet", "verbose", "no", "none")
        if (
            shape.tasks_per_node == len(masks.masks)
            and trains(step)
            and not (bound or given or script.inherited(step, "SLURM_CPU_BIND"))
        ):
            yield Hit(
                step.line,
                "A full node without CPU binding: tasks run on cores far from their GPU, and move between them.",
                f"In line {step.line} write: srun --cpu-bind={masks.option} ...",
                step.column,
            )


CPU_BINDING = Rule(
    8,
    "cpu-binding",
    "Tasks are bound to the cores nearest to their GPU",
    Level.WARNING,
    "Each GPU of such a node is attached to one group of cores. A task elsewhere copies across the node and takes "
    "the cores of other tasks. Judged only where the profile knows the masks.",
    source(
        "LUMI user guide, distribution and binding options",
        "https://docs.lumi-supercomputer.eu/runjobs/scheduled-jobs/distribution-binding/",
        "source commit dbf0259",
    ),
    cpu_binding,
)


def _cores(shape: Shape) -> int:
    return (shape.tasks_per_node or 0) * (shape.cpus_per_task or 0)
