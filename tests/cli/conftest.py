"""The real commands in this process, on a database with a small attempt."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from aqboard.cli import app
from aqboard.domain.finding import Verdict
from aqboard.location import config_folder
from aqboard.signing.accounts import add
from aqboard.store import Store
from tests.signing_samples import add_attempt, findings

PASSWORD = "correct horse battery"

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Call a command; `typed` is what comes on stdin."""

    def call(*arguments: object, typed: str = "") -> Result:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return call


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database whose attempt 1 is READY, and whose attempt 2 has a fault in `loss.first`; both asked of today."""
    path = tmp_path / "board.db"
    with Store(path, create=True) as store:
        add_attempt(store, tmp_path / "in", findings())
        add_attempt(store, tmp_path / "in2", findings(loss_first=Verdict.FAIL))
    monkeypatch.setenv("AQBOARD_DB", str(path))
    return path


@pytest.fixture
def accounts(signing: Path) -> Path:
    """The same where people sign with a password: Grace, a lead, and Katherine."""
    with Store(signing) as store:
        add(store, "grace", person="Grace", roles=["lead"], password=PASSWORD)
        add(store, "katherine", person="Katherine", roles=[], password=PASSWORD)
        add(store, "ada", person="Ada", roles=[], password=PASSWORD)
    (config_folder() / "signing.yaml").write_text("mode: account\n")
    return signing
