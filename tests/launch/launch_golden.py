"""The scripts that are compared whole. After a change that was meant, look at `git diff` of what this rewrites:

PYTHONPATH=. .venv/bin/python tests/launch/launch_golden.py
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from aqboard.domain.evidence.training import CostEvidence, TrainingEvidence, TrainingFacts
from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render, render_body, render_canary, render_chain
from tests.launch.launch_samples import SIGNED, WHEN, attempt, go, machine, outcomes, plan

CHECKED = outcomes(
    TrainingEvidence(facts=TrainingFacts(batch_size=2, train_samples=80_000)),
    CostEvidence(device="MI250X", device_kind="cuda", batch_size=2, source="", step_s=(1.7, 1.8, 1.9)),
    machine(1),
)
"""What the probes brought on one GPU, in two minutes each."""

FOLDER = Path(__file__).parent / "golden"

CONTAINER = {"image": "/appl/images/torch-rocm.sif", "binds": ["/flash/project_465000001", "/opt/a:/opt/b:ro"]}
CANARY = {"arguments": ["--trainer.num_nodes=2"]}


def lumi_signed() -> str:
    """The story's launch, with two people who said GO."""
    second = go(person="Ingrid Solheim", comment="Costs agreed with the project.\nStop at 0.40.")
    approval = Approval.of(go(), second, until=WHEN + timedelta(hours=168))
    return render(attempt(), load_profile("lumi-g"), approval, SIGNED, outcomes=CHECKED)


def lumi_preview() -> str:
    """The same before anyone signed."""
    return render(attempt(), load_profile("lumi-g"), None)


def lumi_container_venv() -> str:
    """In a container, with a virtual environment inside it, behind a canary."""
    of = plan(container=CONTAINER, venv="/scratch/project_465000001/aq/venv", canary=CANARY)
    return render(attempt(of), load_profile("lumi-g"), Approval.of(go()), SIGNED)


def lumi_canary() -> str:
    """The canary of that launch."""
    of = plan(container=CONTAINER, venv="/scratch/project_465000001/aq/venv", canary=CANARY)
    return render_canary(attempt(of), load_profile("lumi-g"), Approval.of(go()), SIGNED) or ""


def lumi_chain() -> str:
    """What submits the two by hand."""
    return render_chain(attempt(plan(canary=CANARY)), Approval.of(go()), canary="canary.sbatch", main="main.sbatch")


def generic_body() -> str:
    """What is sealed for a cluster nothing is known about, the canary's script behind the launch's."""
    return render_body(plan(profile="generic", partition="gpu", canary={}), load_profile("generic"))


def generic_venv() -> str:
    """A virtual environment without a container."""
    of = plan(profile="generic", partition="gpu", venv="/home/ada/it's mine/venv", python="python3.11")
    return render(attempt(of), load_profile("generic"), Approval.of(go()), SIGNED)


def leonardo_container() -> str:
    """An NVIDIA cluster, with another runtime than its profile's."""
    of = plan(
        profile="leonardo",
        partition="boost_usr_prod",
        nodes=100,
        gpus_per_node=4,
        workdir="/leonardo_work/project_465000001",
        container={"image": "/leonardo_work/project_465000001/torch.sif", "runtime": "apptainer"},
    )
    return render(attempt(of), load_profile("leonardo"), Approval.of(go()), SIGNED)


def juwels_signed() -> str:
    """A cluster with a rendezvous suffix, and values that need quotes everywhere."""
    hostile = plan(
        profile="juwels-booster",
        partition="booster",
        nodes=2,
        gpus_per_node=4,
        job_name='$(touch x) "évening"; `rm`',
        workdir="/p/scratch/it's here",
        command=["python", "train.py", "--note", "a b; $(touch x)", "--mark", "\u202egnp.x"],
        container={"image": "/p/images/$(touch x); 'y'.sif", "binds": ["/p/a b;`touch x`:/data:ro"]},
        venv="/p/$(touch x)",
        python="py thon;$(touch x)",
        canary={"arguments": ["$(touch x)", "; touch x"]},
    )
    approval = Approval.of(go(person="O'Brien $(touch x)", comment="fine\n#SBATCH --nodes=4000\ntouch x"))
    return render(attempt(hostile), load_profile("juwels-booster"), approval, SIGNED)


CASES: tuple[Callable[[], str], ...] = (
    lumi_signed,
    lumi_preview,
    lumi_container_venv,
    lumi_canary,
    lumi_chain,
    generic_body,
    generic_venv,
    leonardo_container,
    juwels_signed,
)


def golden_path(case: Callable[[], str]) -> Path:
    """Where the text of a case is kept."""
    return FOLDER / f"{case.__name__}.sbatch"


if __name__ == "__main__":
    for each in CASES:
        golden_path(each).write_text(each(), encoding="utf-8")
