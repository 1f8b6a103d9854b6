"""The foreign example, from training to verdict: it shares no code with the reference model."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from aqboard.sessions.prepare import check, prepare
from aqboard.store import Store, StoredAttempt

EXAMPLE = Path(__file__).parents[2] / "examples" / "foreign"
Checked = Callable[..., StoredAttempt]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example trained for real, with the loss it printed in its plan, as its README says."""
    folder = tmp_path_factory.mktemp("foreign") / "stations"
    shutil.copytree(EXAMPLE, folder)
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=True)
    loss = done.stdout.strip().rpartition(" ")[2]
    plan = folder / "launch.yaml"
    plan.write_text(re.sub(r"val_loss: \S+", f"val_loss: {loss}", plan.read_text()))
    return folder


@pytest.fixture
def checked(project: Path, tmp_path: Path) -> Checked:
    def run(**sections: Any) -> StoredAttempt:
        document = yaml.safe_load((project / "launch.yaml").read_text())
        for key, section in sections.items():
            document[key] = {**document.get(key, {}), **section}
        plan = project / "changed.yaml"
        plan.write_text(yaml.safe_dump(document))
        with Store(tmp_path / "b.db", create=True) as store:
            return check(prepare(plan), store)

    return run


def faults(stored: StoredAttempt) -> dict[str, str]:
    return {f.check: f.summary for f in stored.findings if f.verdict is Verdict.FAIL}


def test_it_shares_no_code_with_the_reference_model() -> None:
    for file in EXAMPLE.glob("*.py"):
        assert "topoflow" not in file.read_text()
        assert "import lightning" not in file.read_text(), "another LightningModule class than the reference's"


def test_as_it_was_trained_it_is_ready(checked: Checked) -> None:
    stored = checked()
    told = [(f.check, f.summary) for f in stored.findings if f.verdict not in (Verdict.PASS, Verdict.SKIP)]
    assert stored.readiness.state is State.READY, told
    verdicts = {f.check: f.verdict for f in stored.findings}
    for asked in ("checkpoint.intact", "checkpoint.coverage", "checkpoint.bitwise", "forward.shapes", "loss.first"):
        assert verdicts[asked] is Verdict.PASS, asked
    for beside in ("scan.rule", "cache.valid", "checkpoint.settings"):
        assert verdicts[beside] is Verdict.SKIP, beside
    assert not faults(stored)


def test_a_prefix_that_should_not_be_stripped_is_found(checked: Checked) -> None:
    stored = checked(checkpoint={"strip_prefix": "past.", "strict": False})
    assert stored.readiness.state is State.NOT_READY
    assert "2 of 6 checkpoint tensors reach StationForecaster" in faults(stored)["checkpoint.coverage"]
    assert "loss.first" in faults(stored)


def test_another_architecture_is_found(checked: Checked) -> None:
    stored = checked(target={"options": {"hidden": 12}})
    assert stored.readiness.state is State.NOT_READY
    assert "5 have another shape: past.weight_ih_l0: [72, 3] in the file" in faults(stored)["checkpoint.coverage"]
