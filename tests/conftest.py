"""What every test may use: plans and findings that are valid unless a test changes them."""

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import pytest

from aqboard.store.sqlite import filesystem
from tests import samples
from tests.command import Done, aqboard

if TYPE_CHECKING:
    from tests.slurm_cluster import SlurmCluster
    from tests.tiny_launch import TinyLaunch

# Its usual deadline of 200 ms for each example is a timing assertion, which a busy machine fails.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """What shares something costly runs in one process; see tests/together.py."""
    from tests.together import Together

    return Together(config, log)


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or leaves anything in the user's own caches or database."""
    monkeypatch.setenv("AQBOARD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("AQBOARD_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
    monkeypatch.delenv("AQBOARD_DB", raising=False)
    monkeypatch.delenv("AQBOARD_SCRIPTS", raising=False)
    monkeypatch.delenv("AQBOARD_TOKEN", raising=False)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python imports from, for `tests.packages.install`; what was imported from it is forgotten."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def plan_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a plan whose input files exist; keyword arguments replace top-level sections."""

    def write(**sections: Any) -> Path:
        return samples.write_plan(tmp_path, **sections)

    return write


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Pretend that the test's folder lies on another kind of file system."""

    def pretend(kind: str, options: str = "rw") -> None:
        info = tmp_path.parent / f"{tmp_path.name}.mountinfo"
        info.write_text(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
            f"90 27 0:99 / {tmp_path} rw,nosuid shared:7 - {kind} server:/x {options}\n"
        )
        monkeypatch.setattr(filesystem, "MOUNTINFO", info)

    return pretend


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> "TinyLaunch":
    """A whole launch in small, really trained; made once per test process."""
    from tests import tiny_launch  # torch: only for the tests that need it

    return tiny_launch.make(tmp_path_factory.mktemp("launch"))


class Checked(NamedTuple):
    """A launch that `aqboard check` has really checked, in a database of its own."""

    database: Path
    done: Done


AS_FOUND = {
    "checkpoint": {"load_into": "inner_model"},
    "scan": {"layout": "compat", "cache": "cache_other.pkl", "candidates": ["cache.pkl", "cache_key_order.pkl"]},
    "forward": {"lead_times_shape": "[B, 1]"},
}


@pytest.fixture(scope="session")
def checked_by_command(launch: "TinyLaunch", tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Checked]:
    """The launches `as found` and `fixed`, each checked by the real command; half a minute, so once.

    The tests that use it share one process: see tests/together.py.
    """

    @cache
    def checked(name: str) -> Checked:
        database = tmp_path_factory.mktemp("db") / "board.db"
        plan = launch.plan(name, **(AS_FOUND if name == "as found" else {}))
        return Checked(database, aqboard("check", plan, "--db", database, *(["--json"] if name == "fixed" else [])))

    return checked


@pytest.fixture(scope="session")
def slurm_daemons() -> "Iterator[SlurmCluster]":
    """A real Slurm with two nodes in `standard-g` and one in `dev-g`; started once per test process."""
    from tests.slurm_cluster import running

    with running(real=2) as cluster:
        yield cluster


@pytest.fixture
def slurm(slurm_daemons: "SlurmCluster", monkeypatch: pytest.MonkeyPatch) -> "Iterator[SlurmCluster]":
    """That Slurm, reached by every command this test starts; jobs that the test leaves behind are ended."""
    slurm_daemons.lead_here(monkeypatch)
    yield slurm_daemons
    slurm_daemons.cancel_all()
