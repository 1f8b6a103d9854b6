"""A database whose sessions run stub probes, in a folder with the sample attempts' input files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqboard.sessions.backends.local import LocalBackend
from aqboard.store import Store
from tests import stub_sessions
from tests.sample_attempts import write_files


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    """A local session's probes, and the checks that judge them, are stubs."""
    return stub_sessions.install(monkeypatch)


@pytest.fixture
def store(stubs: LocalBackend, tmp_path: Path) -> Iterator[Store]:
    """An empty database; `in` beside it holds the inputs of `tests.jobs.launched.attempt`."""
    write_files(tmp_path / "in")
    with Store(tmp_path / "board.db", create=True) as opened:
        yield opened
