"""A database beside the sample attempts' input files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aqboard.store import Store
from tests.sample_attempts import write_files


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database in a folder whose `in` holds the inputs of `tests.workflow.launched.attempt`."""
    write_files(tmp_path / "in")
    with Store(tmp_path / "board.db", create=True) as opened:
        yield opened
