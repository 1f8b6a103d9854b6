"""Opening what cannot be trusted, and writing whole or not at all."""

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import aqboard
from aqboard.files import NotRegular, TooLarge, open_regular, read_regular, write_whole

PACKAGE = Path(aqboard.__file__).parent


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


NOT_FILES: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe (FIFO)": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": a_socket,
}


@pytest.mark.parametrize("found", NOT_FILES)
def test_what_is_no_file_is_refused_at_once(found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's name may have 107 characters
    NOT_FILES[found](Path("x"))
    for opened in (lambda: open_regular(Path("x")), lambda: read_regular("x", 10)):
        with pytest.raises(NotRegular) as refused:
            opened()
        assert refused.value.found == found
        assert refused.value.strerror == f"{found}, not a regular file"


def test_a_pipe_that_takes_the_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_text("a file")
    looked_at, stat = [], os.stat

    def swapped(name: Path, **arguments: object) -> os.stat_result:
        found = stat(name, **arguments)  # type: ignore[call-overload]
        looked_at.append(name)
        path.unlink()
        os.mkfifo(path)
        return found  # type: ignore[no-any-return]

    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patch, pytest.raises(NotRegular):
        patch.setattr(os, "stat", swapped)
        open_regular(path)
    assert looked_at == [path]
    assert len(list(Path("/proc/self/fd").iterdir())) == before, "the descriptor was closed"


@pytest.mark.parametrize("name", ["none", "dangling", "with\0nul", "half\ud800"])
def test_what_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError) as refused:
        open_regular(tmp_path / name)
    assert refused.value.strerror


def test_a_link_is_followed_unless_that_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert read_regular(tmp_path / "link", 7) == b"content"
    for name in ("link", "dangling"):
        with pytest.raises(NotRegular, match="a link"):
            open_regular(tmp_path / name, follow_links=False)
    with open_regular(tmp_path / "file", follow_links=False) as file:
        assert file.read() == b"content"


def test_a_name_in_an_open_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    folder = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with open_regular("file", dir_fd=folder, follow_links=False) as file:
            assert file.read() == b"content"
            assert not os.get_inheritable(file.fileno())
    finally:
        os.close(folder)


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert read_regular(path, 8) == b"12345678"
    for refuse in (lambda: open_regular(path, largest=7), lambda: read_regular(path, 7)):
        with pytest.raises(TooLarge, match="larger than 7 bytes"):
            refuse()
    with pytest.raises(TooLarge):
        read_regular("/proc/self/status", 10)  # its size is given as 0


def test_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("ein langer Näme 🦉" * 10 + ".json")
    for content in ("Zürich \udcff", b"\0\xff", ""):
        write_whole(path, content)
        assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode(errors="replace"))
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_follow_the_umask_unless_they_are_given(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from aqboard.files import write_whole; os.umask(0o027)\n"
        "write_whole(Path('usual'), ''); write_whole(Path('given'), '', mode=0o604)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={"PYTHONPATH": str(PACKAGE.parent)})
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("usual", "given")] == [0o640, 0o604]


@pytest.mark.parametrize("step", ["fsync", "fchmod", "rename"])
def test_a_write_that_fails_leaves_the_old_content_and_no_draft(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((Path, "replace") if step == "rename" else (os, step)), full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new", mode=0o600)
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_neither_made_nor_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "file", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", "")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_many_writers_at_once_leave_one_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = {letter * 100_000 for letter in "abcdefgh"}
    seen: set[str] = set()
    write_whole(path, "a" * 100_000)

    def write(content: str) -> None:
        for _ in range(10):
            write_whole(path, content)
            seen.add(path.read_text())

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert seen <= contents
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_else_in_the_package_opens_or_replaces_by_hand() -> None:
    by_hand = re.compile(r"O_NONBLOCK|S_ISREG|mkstemp|NamedTemporaryFile|O_EXCL")
    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "files.py" and by_hand.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
