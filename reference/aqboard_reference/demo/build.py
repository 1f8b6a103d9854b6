"""Build the demo attempts. Nothing about their outcomes is written down anywhere: they come out of the checks."""

from collections.abc import Callable
from pathlib import Path

from aqboard.location import project_folder
from aqboard.sessions.place import require_place
from aqboard.sessions.prepare import Listener, check, prepare
from aqboard.store import Store, StoredAttempt

PLANS = ("as_found.yaml", "fixed.yaml")
Say = Callable[[str], None]


def folder() -> Path:
    """Where the demo's files lie."""
    return project_folder() / "data" / "demo"


def attempts(database: Path, *, again: bool, say: Say, listen: Listener) -> list[StoredAttempt]:
    """Check each demo plan that the database has not seen in its present form; all of them with `again`."""
    from aqboard_reference.demo.artefacts import ensure_validation_store

    require_place(database)
    ensure_validation_store(folder(), say=say)
    done = []
    with Store(database, create=True) as store:
        known = {store.attempt(row.number).attempt.plan_text for row in store.attempts()} if not again else set()
        for name in PLANS:
            attempt = prepare(folder() / name, say=say)
            if attempt.plan_text not in known:
                done.append(check(attempt, store, listen=listen))
    return done


def full(target: Path, *, say: Say) -> list[Path]:
    """Write two caches and a checkpoint of real size into `target`."""
    from aqboard_reference.demo.artefacts import real_size_artefacts

    return real_size_artefacts(target, say=say)
