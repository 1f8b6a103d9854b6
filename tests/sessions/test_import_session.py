"""A copied session folder is taken over whole, or refused with a sentence and no trace."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.errors import SessionError
from aqboard.domain.finding import Verdict
from aqboard.domain.session.check_session import SessionState
from aqboard.sessions.backends.base import ATTEMPT, EVENTS, HANDLE, SESSION, WORKER_LOG
from aqboard.sessions.backends.local import LocalBackend
from aqboard.sessions.import_session import import_folder
from aqboard.sessions.ingest import ingest
from aqboard.signing.stale import stale
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from tests.stub_sessions import by_hand, count, run, verdicts, write_events

PASS, ERROR = Verdict.PASS, Verdict.ERROR


@pytest.fixture
def copy(store: Store, tmp_path: Path) -> Path:
    """A session that really ran, copied as `scp -r` would."""
    row, _ = run(store, "a", "z")
    return Path(shutil.copytree(row.folder, tmp_path / "copied"))


@pytest.fixture
def board(stubs: LocalBackend, tmp_path: Path) -> Path:
    """The database of another machine."""
    return tmp_path / "elsewhere" / "board.db"


def test_a_copied_folder_is_imported_once(copy: Path, board: Path) -> None:
    with Store(board, create=True) as store:
        row, standing = import_folder(store, copy)
        assert (standing.state, row.imported, row.number, row.attempt) == (SessionState.DONE, True, 1, 1)
        assert verdicts(store, row) == {"a": PASS, "z": PASS}
        assert row.folder.parent == board.parent / "sessions"
        assert not (row.folder / HANDLE).exists(), "what it was known by elsewhere means nothing here"
        again, _ = import_folder(store, copy)
        assert again == row
        assert (count(store, "session_events"), count(store, "findings"), count(store, "attempts")) == (6, 2, 1)
        shutil.rmtree(copy)
        assert ingest(store, row).state is SessionState.DONE
        (said,) = stale(store.attempt(row.attempt))
        assert "cannot be compared from here" in said
    assert [path.name for path in (board.parent / "sessions").iterdir()] == [row.session.uid]


def test_one_of_our_own_is_left_as_it_is(store: Store) -> None:
    row, _ = run(store, "a")
    same, standing = import_folder(store, row.folder)
    assert (same, standing.state) == (row, SessionState.DONE)
    assert count(store, "findings") == 1


def test_an_unfinished_folder_takes_a_word_and_passes_nothing_it_has_not(store: Store, board: Path) -> None:
    row = by_hand(store, "a", "z", ended=False)
    text = (row.folder / EVENTS).read_bytes()
    (row.folder / EVENTS).write_bytes(text[: text.rindex(b'{"event":"ended"')])
    with Store(board, create=True) as other:
        with pytest.raises(SessionError, match=r"no last line.*--unfinished"):
            import_folder(other, row.folder)
        assert count(other, "sessions") == 0
        taken, standing = import_folder(other, row.folder, unfinished=True)
        assert (standing.state, standing.why) == (SessionState.LOST, "The copied folder has no last line.")
        assert verdicts(other, taken) == {"a": PASS, "z": ERROR}


def test_a_folder_that_has_grown_is_imported_to_its_end(store: Store, board: Path) -> None:
    row = by_hand(store, "a", "z")
    early = Path(shutil.copytree(row.folder, board.parent / "early"))
    text = (early / EVENTS).read_bytes()
    (early / EVENTS).write_bytes(text[: len(text) // 2])
    with Store(board, create=True) as other:
        assert import_folder(other, early, unfinished=True)[1].state is SessionState.LOST
        taken, standing = import_folder(other, row.folder)
        assert standing.state is SessionState.DONE
        assert verdicts(other, taken) == {"a": PASS, "z": PASS}
        assert count(other, "session_events") == 8
        assert import_folder(other, early, unfinished=True)[1].state is SessionState.DONE, "an older copy adds nothing"


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return apply


def link(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).rename(folder.parent / "outside")
        (folder / name).symlink_to(folder.parent / "outside")

    return apply


def pipe(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return apply


def huge(name: str, size: int) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        os.truncate(folder / name, size)

    return apply


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def vouching(**files: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        *before, end = (folder / EVENTS).read_text().splitlines()
        document = json.loads(end)
        document["files"] |= files
        (folder / EVENTS).write_text("\n".join([*before, json.dumps(document)]) + "\n")

    return apply


ATTACKS = {
    "one byte of evidence": (
        edit(EVENTS, lambda t: t.replace(b'"seconds":0.5', b'"seconds":0.6', 1)),
        "events.jsonl is not what",
    ),
    "a line taken away": (edit(EVENTS, lambda t: t.split(b"\n", 1)[1]), "lines were added or taken away"),
    "a line added": (edit(EVENTS, lambda t: t + b'{"event":"started","probe":"a"}\n'), "no last line"),
    "cut short": (edit(EVENTS, lambda t: t[:-20]), "no last line"),
    "another attempt": (edit(ATTEMPT, lambda t: t.replace(b"Ada", b"Eve")), "attempt.json is not what"),
    "the log": (edit(WORKER_LOG, lambda t: t[:-3]), "worker.log is not what"),
    "a path for a name": (edit(SESSION, lambda t: t.replace(b'"uid":"', b'"uid":"../')), "session.json does not hold"),
    "an unknown field": (edit(SESSION, lambda t: t[:-1] + b',"run":"rm -rf /"}'), "session.json does not hold"),
    "deep nesting": (edit(SESSION, lambda t: b"[" * 100_000), "session.json does not hold"),
    "a strange uid": (edit(ATTEMPT, lambda t: t.replace(b"0" * 32, b"../../etc")), "which no attempt of aqboard's has"),
    "a link to a file": (link(EVENTS), "cannot be read as a file of its own"),
    "a link for the attempt": (link(ATTEMPT), "cannot be read as a file of its own"),
    "a named pipe": (pipe(WORKER_LOG), "not a regular file"),
    "too large": (huge(SESSION, (1 << 20) + 1), "larger than 1 MB"),
    "far too large": (huge(EVENTS, 1 << 40), "larger than 256 MB"),
    "no session": (without(SESSION), "it has no session.json"),
    "no attempt": (without(ATTEMPT), "it has no attempt.json"),
    "no log": (without(WORKER_LOG), "worker.log is not what"),
    "a sum for a strange file": (
        vouching(**{"../../etc/passwd": {"size": 0, "sha256": "0" * 64}}),
        "no file of a session",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_no_session_leaves_is_refused_and_leaves_no_trace(
    store: Store, board: Path, tmp_path: Path, attack: str
) -> None:
    row = by_hand(store, "a", ended=False)
    (row.folder / WORKER_LOG).write_text("noise\n")
    (row.folder / EVENTS).unlink()
    write_events(row.folder, ["a"])
    copy = Path(shutil.copytree(row.folder, tmp_path / "copied"))
    change, said = ATTACKS[attack]
    change(copy)
    with Store(board, create=True) as other:
        with pytest.raises(SessionError) as told:
            import_folder(other, copy)
        assert said in told.value.message
        assert "\n" not in told.value.message
        assert (count(other, "sessions"), count(other, "attempts")) == (0, 0)
    assert list((board.parent / "sessions").iterdir()) == []


def test_a_link_to_a_folder_and_a_session_in_another_form_are_refused(
    copy: Path, store: Store, board: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(copy)
    with Store(board, create=True) as other:
        with pytest.raises(SessionError, match="not a folder that can be read"):
            import_folder(other, tmp_path / "link")
        import_folder(other, copy)
    forged = by_hand(store, "z", uid="9" * 32)
    document = json.loads((copy / SESSION).read_text())
    document["requested_by"] = "Eve"
    (forged.folder / SESSION).write_text(json.dumps(document))
    (forged.folder / EVENTS).unlink()
    write_events(forged.folder, ["z"])
    with Store(board) as other:
        with pytest.raises(SessionError, match="is known with another"):
            import_folder(other, forged.folder)
        assert Sessions(other).all()[0].session.requested_by == "Ada"
