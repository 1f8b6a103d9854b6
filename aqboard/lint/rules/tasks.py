"""Rules on what differs from task to task, and is the same for all when the batch step decides it."""

from collections.abc import Iterator

from aqboard.lint.parse.model import Assignment, Command, JobStep, Script, Word
from aqboard.lint.rules.queries import NODE_LOCAL, everywhere, programs
from aqboard.lint.rules.rule import SBATCH, Hit, Level, Rule, RuleContext, source
from aqboard.lint.rules.shape import job_shape, step_shape

RANKS = {
    "RANK": "SLURM_PROCID",
    "LOCAL_RANK": "SLURM_LOCALID",
    "NODE_RANK": "SLURM_NODEID",
    "GROUP_RANK": "SLURM_NODEID",
    "WORLD_SIZE": "SLURM_NTASKS",
}
"""What a training reads -> where each task finds it."""

VISIBLE = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
OF_A_TASK = frozenset({"SLURM_LOCALID", "SLURM_PROCID", "SLURM_NODEID"})


def ranks(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does each task know its own rank?"""
    seen: set[tuple[int, int]] = set()
    for step in script.steps:
        inherited = [each for name in RANKS if (each := script.inherited(step, name))]
        fixed = [
            each
            for command in step.inner
            for each in command.assignments
            if each.name in RANKS and each.name != "WORLD_SIZE" and each.value.known and each.value.text.isdecimal()
        ]
        for found in (*inherited, *fixed):
            if (found.line, found.column) not in seen and not _one_task(script, step):
                seen.add((found.line, found.column))
                yield _rank_hit(found, step)
        if "RANK=" in step.options.get("export", ""):
            yield Hit(
                step.line,
                "`--export` gives every task the same rank.",
                f"Remove the rank from --export in line {step.line}; each task reads SLURM_PROCID itself.",
                step.column,
            )


RANK = Rule(
    3,
    "rank",
    "Ranks come from Slurm, in each task",
    Level.ERROR,
    "The batch step runs once, as task 0. A rank exported there is inherited by every task: all of them are rank "
    "0, wait for the others, or train the same thing many times.",
    SBATCH,
    ranks,
)


def visible_gpus(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does each task see the GPUs that are meant for it?"""
    set_to = {name: found for found, _ in everywhere(script) if (name := found.name) in VISIBLE and found.value.text}
    for found, step in everywhere(script):
        if step is None and found.name in VISIBLE and found.value.names & OF_A_TASK:
            yield Hit(
                found.line,
                f"{found.name} is set in the batch step, where SLURM_LOCALID is 0: every task gets the first GPU.",
                f"Leave line {found.line} out and let each task see all GPUs of its node, or set it inside the step: "
                f"srun ... bash -c 'export {found.name}=$SLURM_LOCALID; exec \"$@\"' task COMMAND",
                found.column,
            )
    other = set_to.get("HIP_VISIBLE_DEVICES") or set_to.get("CUDA_VISIBLE_DEVICES")
    if "ROCR_VISIBLE_DEVICES" in set_to and other is not None:
        later = max(set_to["ROCR_VISIBLE_DEVICES"], other, key=lambda each: (each.line, each.column))
        yield Hit(
            later.line,
            f"ROCR_VISIBLE_DEVICES and {other.name} are both set: the second counts within what the first leaves, "
            "and a task may see no GPU at all.",
            f"Keep ROCR_VISIBLE_DEVICES alone; remove {other.name} (line {other.line}).",
            later.column,
        )


VISIBLE_GPUS = Rule(
    4,
    "visible-gpus",
    "Each task sees the GPUs meant for it",
    Level.ERROR,
    "SLURM_LOCALID is 0 in the batch step, so what is derived from it there is the first GPU for every task. "
    "ROCR_VISIBLE_DEVICES is applied before HIP_VISIBLE_DEVICES, which then counts within what is left.",
    source("ROCm, GPU isolation techniques", "https://rocm.docs.amd.com/en/latest/conceptual/gpu-isolation.html"),
    visible_gpus,
)


def local_folder(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Do node-local folders exist on every node?"""
    if not job_shape(script).several_nodes or not script.steps:
        return
    on_nodes = {path.text for step in script.steps for path in _made(_task_commands(step))}
    first = script.steps[-1].position
    for path in _made(script.commands[:first]):
        if NODE_LOCAL.match(path.text) and path.text not in on_nodes:
            yield Hit(
                path.line,
                f"{path.text} is made on the first node only: the batch step runs there, the tasks run on every node.",
                f"In line {path.line} write: srun --ntasks-per-node=1 mkdir -p {path.text}",
                path.column,
            )


LOCAL_FOLDER = Rule(
    11,
    "local-folder",
    "Node-local folders are made on every node",
    Level.ERROR,
    "The batch step runs on the first node. What it makes on a local disk is missing on all others.",
    SBATCH,
    local_folder,
)


def nested_launcher(script: Script, _: RuleContext) -> Iterator[Hit]:
    """Does one launcher start the processes, not two?"""
    for step in script.steps:
        tasks = step_shape(script, step).tasks_per_node
        for words in step.programs:
            name = _launcher(words)
            if name and tasks is not None and tasks > 1:
                yield Hit(
                    step.line,
                    f"srun starts {tasks} tasks on each node, and in each of them {name} starts a process for every "
                    f"GPU: {tasks} times too many.",
                    f"In line {step.line} write: srun --ntasks-per-node=1 ...   or start the training without {name}.",
                    step.column,
                )
                break


NESTED_LAUNCHER = Rule(
    16,
    "nested-launcher",
    "One launcher starts the processes",
    Level.ERROR,
    "torchrun and similar launchers start one process per GPU. Inside eight srun tasks per node they start 64, "
    "which claim the same ports and GPUs.",
    source(
        "OLCF user documentation, PyTorch on Frontier",
        "https://docs.olcf.ornl.gov/software/analytics/pytorch_frontier.html",
        "source commit 02a2c25",
    ),
    nested_launcher,
)


def _one_task(script: Script, step: JobStep) -> bool:
    shape = step_shape(script, step)
    return shape.tasks_per_node == 1 and shape.nodes in (None, 1) and bool({"ntasks", "nodes"} & set(step.options))


def _rank_hit(found: Assignment, step: JobStep) -> Hit:
    own = RANKS[found.name]
    if found.name == "WORLD_SIZE":
        return Hit(
            found.line,
            "WORLD_SIZE is set in the batch step, without the ranks that belong to it, and stays the same in a step of "
            "another size.",
            f"Remove line {found.line}; the training reads {own}, or set it inside the step together with RANK.",
            found.column,
            Level.WARNING,
        )
    return Hit(
        found.line,
        f"{found.name} is set once for all: every task of the step in line {step.line} gets the same one.",
        f"Remove it from line {found.line}; the training reads {own} in each task, or set it there: "
        f"srun ... bash -c 'export {found.name}=${own}; exec \"$@\"' task COMMAND",
        found.column,
    )


def _made(commands: tuple[Command, ...]) -> Iterator[Word]:
    """Folders that commands make."""
    for command in commands:
        if command.name == "mkdir":
            yield from (word for word in command.words[1:] if not word.text.startswith("-"))


def _task_commands(step: JobStep) -> tuple[Command, ...]:
    direct = Command(step.program, (), step.line, step.column, step.command.end_line)
    return (direct, *step.inner)


def _launcher(words: tuple[Word, ...]) -> str:
    """The launcher's name when a program starts one process per GPU by itself."""
    names = programs(words)
    texts = [word.text for word in words]
    for name in ("torchrun", "deepspeed"):
        if name in names:
            return name
    if "accelerate" in names and "launch" in texts:
        return "accelerate launch"
    return next((text for text in texts if text in ("torch.distributed.run", "torch.distributed.launch")), "")
