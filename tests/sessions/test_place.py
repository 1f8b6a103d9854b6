"""A place for what a session will find: the database, and the folder beside it."""

from pathlib import Path

import pytest

from aqboard.domain.errors import SessionError, StoreError
from aqboard.sessions.control import require_writable_place, sessions_folder
from aqboard.store import Store


def test_a_board_at_work_has_one_and_nothing_is_left_behind(store: Store) -> None:
    sessions_folder(store.path).mkdir()
    require_writable_place(store.path)
    assert list(sessions_folder(store.path).iterdir()) == []


def test_a_folder_of_sessions_in_which_nothing_can_be_made(store: Store) -> None:
    folder = sessions_folder(store.path)
    folder.touch()
    with pytest.raises(SessionError, match=f"{folder}, where sessions keep what they find, cannot be written"):
        require_writable_place(store.path)


def test_a_folder_in_place_of_a_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        require_writable_place(tmp_path)
