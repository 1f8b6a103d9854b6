"""A database with something in it, and ways to be somebody who may not write it."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from aqboard.domain.session.events import ProbeOutcome
from aqboard.store import Store
from tests import samples

NOBODY = 65534


def fill(path: Path, findings: int = 1) -> None:
    """One attempt with an outcome and findings; a few hundred make the file several pages deep."""
    attempt = samples.attempt()
    with Store(path, create=True) as store:
        store.add_attempt(attempt)
        store.add_outcome(attempt.uid, ProbeOutcome(probe="curve", status="broke", message="x"))
        store.add_findings(attempt.uid, [samples.finding(summary=f"finding {i} " * 20) for i in range(findings)])


def dump(path: Path) -> list[str]:
    """Everything in a database, as SQL."""
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A name that needs quoting in a URI and a shell."""
    return tmp_path / "some folder?#" / "board's 100%.db"


@pytest.fixture
def filled(path: Path) -> Path:
    fill(path)
    return path


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may reach; pytest's own is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="aqboard-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def as_reader() -> Callable[[], AbstractContextManager[None]]:
    """Be somebody whose rights are the file's: root may write everywhere, so root becomes nobody for a while."""

    @contextmanager
    def be() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return be
