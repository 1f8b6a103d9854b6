"""The scripts that are compared whole. After a change that was meant, look at `git diff` of what this rewrites:

PYTHONPATH=. .venv/bin/python tests/launch/launch_golden.py
"""

from collections.abc import Callable
from pathlib import Path

from aqboard.launch.profile import load_profile
from aqboard.launch.script import Approval, render, render_body
from tests.launch.launch_samples import attempt, go, plan

FOLDER = Path(__file__).parent / "golden"


def lumi_signed() -> str:
    """The story's launch, with two people who said GO."""
    second = go(person="Ingrid Solheim", comment="Costs agreed with the project.\nStop at 0.40.")
    return render(attempt(), load_profile("lumi-g"), Approval.of(go(), second))


def lumi_preview() -> str:
    """The same before anyone signed."""
    return render(attempt(), load_profile("lumi-g"), None)


def generic_body() -> str:
    """What is sealed for a cluster nothing is known about."""
    return render_body(plan(profile="generic", partition="gpu"), load_profile("generic"))


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
    )
    approval = Approval.of(go(person="O'Brien $(touch x)", comment="fine\n#SBATCH --nodes=4000\ntouch x"))
    return render(attempt(hostile), load_profile("juwels-booster"), approval)


CASES: tuple[Callable[[], str], ...] = (lumi_signed, lumi_preview, generic_body, juwels_signed)


def golden_path(case: Callable[[], str]) -> Path:
    """Where the text of a case is kept."""
    return FOLDER / f"{case.__name__}.sbatch"


if __name__ == "__main__":
    for each in CASES:
        golden_path(each).write_text(each(), encoding="utf-8")
