"""A real Streamlit server, each test module with its own database, and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aqboard.settings import dashboard_script
from aqboard.store import Store
from tests.sample_attempts import fill

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
SERVER_STARTS_S = 60


@dataclass(frozen=True)
class Board:
    """A running dashboard; `numbers` are the sample attempts by what they are."""

    url: str
    database: Path
    numbers: dict[str, int]
    pid: int


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    chromium = os.environ.get("AQBOARD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get("AQBOARD_REQUIRE_BROWSER") == "1":
            pytest.fail(
                "AQBOARD_REQUIRE_BROWSER=1, but there is no Chromium: install one, or name it in AQBOARD_CHROMIUM"
            )
        pytest.skip("no Chromium here: install one, or name it in AQBOARD_CHROMIUM")
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_FLAGS, "headless": True}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 1000}, "reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def board(tmp_path_factory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("board")
    database = folder / "board.db"
    with Store(database, create=True) as store:
        numbers = fill(store, folder / "inputs")
    with serve(database, folder) as server:
        yield Board(f"http://127.0.0.1:{server.port}", database, numbers, server.pid)


class serve:
    """The board on a free port, with the project's own configuration; behind the gate when there is a token."""

    def __init__(self, database: Path, folder: Path, token: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = folder / "streamlit.log"
        script = dashboard_script(gated=bool(token))
        command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={self.port}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--server.headless=true"],
                cwd=ROOT,
                env={**os.environ, "AQBOARD_DB": str(database), "HOME": str(folder), "AQBOARD_TOKEN": token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._process.pid

    def __enter__(self) -> "serve":
        end = time.monotonic() + SERVER_STARTS_S
        while self._process.poll() is None and time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=1).close()
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        pytest.fail(f"Streamlit did not start:\n{self._log.read_text()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
