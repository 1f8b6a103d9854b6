"""`aqboard serve` as it is typed: a real server, the link it prints, and who is let in."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STARTS_S = 60
CHOSEN = "chosen-by-whoever-runs-the-installation"


class Served:
    """A running `aqboard serve` and what it has printed so far."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.log = folder / "serve.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aqboard.cli", "serve", *arguments],
                env={**os.environ, "AQBOARD_DB": str(folder / "board.db"), "HOME": str(folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def link(self) -> str:
        found = re.search(r"^dashboard +(\S+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    @property
    def base(self) -> str:
        return self.link.partition("?")[0]

    def wait(self) -> "Served":
        end = time.monotonic() + STARTS_S
        while self.process.poll() is None and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.base}_stcore/health", timeout=1).close()
                return self
            except (OSError, AssertionError):
                time.sleep(0.1)
        pytest.fail(f"aqboard serve did not start:\n{self.said}")


@contextmanager
def served(folder: Path, *arguments: str, **environment: str) -> Iterator[Served]:
    board = Served(folder, *arguments, **environment)
    try:
        yield board.wait()
    finally:
        board.process.terminate()
        board.process.wait(20)


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def status(url: str, **headers: str) -> int:
    """What the server answers, after the redirects that it asks for, with the cookies it gives."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_printed_link_opens_the_board_and_nothing_else_does(tmp_path: Path) -> None:
    with served(tmp_path, "--port", free_port()) as board:
        token = board.link.partition("?token=")[2]
        assert len(token) >= 43, "32 random bytes"
        for path in ("", "launch", "_stcore/metrics", "_stcore/host-config", "_stcore/agent/openapi.json", "media/x"):
            assert status(f"{board.base}{path}") == 401, path
        assert status(board.link) == 200
        assert status(f"{board.base}launch?attempt=3&token={token}") == 200
        assert status(f"{board.base}?token={token[:-1]}") == 401
        command = Path(f"/proc/{board.process.pid}/cmdline").read_text()
        assert "streamlit" in command
        assert token not in command, "every local user can read it there"
        assert board.said.count("http://") == 1, "no second address, without the token"


def test_without_a_token_it_says_what_that_means(tmp_path: Path) -> None:
    with served(tmp_path, "--no-token", "--port", free_port()) as board:
        assert "token=" not in board.said
        assert "everybody who can log in to this machine" in board.said
        assert status(board.base) == 200


def test_a_port_that_is_taken_is_left_to_its_owner(tmp_path: Path) -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        taken = owner.getsockname()[1]
        with served(tmp_path, "--port", str(taken)) as board:
            assert f"port {taken} is taken" in board.said
            assert f":{taken}" not in board.link
            assert f"-L {board.base.split(':')[2].strip('/')}:127.0.0.1:" in board.said
            assert status(board.link) == 200


def test_a_token_that_was_chosen_serves_a_proxy_and_is_not_printed(tmp_path: Path) -> None:
    with served(tmp_path, "--port", free_port(), AQBOARD_TOKEN=CHOSEN) as board:
        assert CHOSEN not in board.said
        assert status(board.base) == 401
        assert status(board.base, Authorization=f"Bearer {CHOSEN}") == 200


@pytest.mark.parametrize("chosen", ["", "short", "é" * 40, "a b" * 20])
def test_a_token_that_is_none_starts_nothing(chosen: str, tmp_path: Path) -> None:
    board = Served(tmp_path, AQBOARD_TOKEN=chosen)
    assert board.process.wait(STARTS_S) == 2
    assert "AQBOARD_TOKEN must hold 32 or more" in board.said


def test_what_the_board_starts_does_not_get_the_token() -> None:
    code = "import os, aqboard.web.server.entrance.gated; print('AQBOARD_TOKEN' in os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "AQBOARD_TOKEN": CHOSEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
