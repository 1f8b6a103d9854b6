"""A check session handed to the Slurm for tests, and what a reader of its folder would say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aqboard.domain.session.check_session import CheckSession, SessionStatus, fold
from aqboard.domain.session.events import Event, Started
from aqboard.launch.check_job import check_job
from aqboard.launch.profile import load_profile
from aqboard.sessions import folder as session_folder
from aqboard.sessions.backend import EVENTS, Handle
from aqboard.sessions.backends.slurm import SlurmBackend
from aqboard.sessions.events import Tail
from tests import samples
from tests.slurm_cluster import SlurmCluster, daemons

SLOW = "import time\ndef build(plan):\n    time.sleep(600)\n"
"""A builder that never comes back: its session runs until something ends it."""
LONG_S = 90.0
ASKED = {"cpus": 1, "memory": "2G"}


@dataclass
class Session:
    """A session handed to Slurm: `standing` is what a reader of its folder would say of it now."""

    folder: Path
    handle: Handle
    backend: SlurmBackend
    cluster: SlurmCluster

    @property
    def events(self) -> list[Event]:
        return list(Tail(self.folder / EVENTS).new())

    def standing(self) -> SessionStatus:
        sighting = self.backend.look(self.handle)  # before the events, as the ingester does
        return fold(self.events, sighting, session_folder.cancel_request(self.folder))

    def wait(self, true: Callable[["Session"], bool], seconds: float = LONG_S) -> SessionStatus:
        if not daemons.wait_for(lambda: true(self), seconds):
            pytest.fail(f"{self.standing()} after {seconds:g} s\n{self.told()}\n{self.cluster.logs()}")
        return self.standing()

    def over(self) -> SessionStatus:
        return self.wait(lambda session: session.standing().state.over)

    def at_work(self) -> SessionStatus:
        """Wait until a probe has begun."""
        return self.wait(lambda session: any(isinstance(event, Started) for event in session.events))

    def told(self) -> str:
        files = [*self.folder.glob("*.log"), *self.folder.glob("submitit/*_log.*")]
        return "\n".join(f"--- {file.name}\n{file.read_text()}" for file in files)


def hand_over(cluster: SlurmCluster, folder: Path, builder: str = "", **checks: object) -> Session:
    """Hand a session to Slurm. `builder`: the text of a module whose `build` makes the model; without one the session
    reads two files and is done. `checks`: the plan's section, in place of what is ASKED.
    """
    (folder / "own.py").write_text(builder)
    target = {"builder": "own:build", "python_path": [str(folder)]} if builder else None
    sections = {"target": target} if target else {}
    plan = samples.plan(**sections, checks={**ASKED, **checks}).with_base(folder)
    attempt = samples.attempt(plan=plan)
    probes = ("file", "load") if builder else ("file", "curve")
    session = CheckSession(
        attempt=attempt.uid,
        backend="slurm",
        requested_by="Ada",
        checks=(),
        probes=probes,
        limits=dict.fromkeys(probes, 600.0),
        resources=check_job(plan, load_profile("lumi-g")).model_dump(mode="json"),
    )
    place = folder / session.uid
    session_folder.create(place, session, attempt)
    backend = SlurmBackend(look_s=0.2)
    return Session(place, backend.start(place), backend, cluster)
