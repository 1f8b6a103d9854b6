"""Is the machine that was checked fit for the launch: GPUs seen and free, driver and torch build, open files?

Everything above was measured here. A torch built without GPU support, or a GPU that another job fills, shows in the
first minute of the launch; a low limit on open files in its middle. Python, packages and the commit are recorded.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import percent, some
from aqboard.domain.evidence.machine import EnvironmentEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.words import size

FREE = 0.8
"""Share of a GPU's memory that must be free; drivers and displays keep a little."""
OPEN_FILES = 1024
"""The usual soft limit of Linux; data loaders with shared memory keep a file open per tensor in flight."""


def judge(plan: LaunchPlan, machine: EnvironmentEvidence) -> Judgement:
    """PASS when GPUs are seen and free and the limits are usual; SKIP where there is no GPU to look at."""
    figures = _figures(plan, machine)
    faults = list(_faults(plan, machine))
    if faults:
        return warned(" ".join(words for words, _ in faults), *figures, remedy=" ".join(what for _, what in faults))
    if not machine.gpus:
        return skipped(
            f"No GPU on {machine.host} ({machine.torch_build} build of torch): GPUs, driver and build are not judged.",
            remedy="Run the checks on a GPU node of the cluster.",
        ).model_copy(update={"measurements": figures})
    names = sorted({gpu.name for gpu in machine.gpus})
    return passed(
        f"{len(machine.gpus)} GPUs ({some(names)}) seen and free; torch {machine.torch} for {machine.torch_build}, "
        f"driver {machine.driver or 'not named'}.",
        *figures,
    )


def _faults(plan: LaunchPlan, machine: EnvironmentEvidence) -> list[tuple[str, str]]:
    """What is wrong, and what to do about it."""
    found = []
    if machine.driver and not machine.gpus:
        why = f" ({machine.gpu_error})" if machine.gpu_error else ""
        found.append(
            (
                f"There is a GPU driver ({machine.driver}), but torch {machine.torch} for {machine.torch_build} sees "
                f"no GPU{why}.",
                "Install torch for this driver, or ask Slurm for a GPU.",
            )
        )
    busy = [gpu for gpu in machine.gpus if gpu.free_bytes < FREE * gpu.total_bytes]
    if busy:
        least = min(busy, key=lambda gpu: gpu.free_bytes / gpu.total_bytes)
        found.append(
            (
                f"{len(busy)} of {len(machine.gpus)} GPUs are in use; the fullest has "
                f"{percent(least.free_bytes / least.total_bytes)} of its memory free.",
                "Look for other processes on the node.",
            )
        )
    if 0 <= machine.open_files < OPEN_FILES:
        found.append(
            (
                f"A process may open {machine.open_files} files only.",
                f"Raise the limit in the job (`ulimit -n {4 * OPEN_FILES}`).",
            )
        )
    return found


def _figures(plan: LaunchPlan, machine: EnvironmentEvidence) -> tuple[Measurement, ...]:
    commit = machine.commit or "not in git"
    return (
        Measurement(name="host", value=machine.host),
        Measurement(name="GPUs seen", value=len(machine.gpus), limit=f"{plan.cluster.gpus_per_node} per node planned"),
        *(
            Measurement(
                name=f"GPU {number}", value=f"{gpu.name}, {size(gpu.free_bytes)} of {size(gpu.total_bytes)} free"
            )
            for number, gpu in enumerate(machine.gpus)
        ),
        Measurement(name="torch", value=f"{machine.torch} for {machine.torch_build}"),
        Measurement(name="driver", value=machine.driver or "none"),
        Measurement(name="open files", value=machine.open_files, limit=f">= {OPEN_FILES}"),
        Measurement(name="Python", value=machine.python),
        Measurement(
            name="the code's commit", value=commit + (", with uncommitted changes" if machine.uncommitted else "")
        ),
    )


CHECK = Check("environment.ready", "Machine ready", Stage.LAUNCH, Severity.WARNS, (EnvironmentEvidence,), judge)
