"""Check the launches of a demo that an installed package brings."""

from collections.abc import Callable
from pathlib import Path

from aqboard.domain.errors import AqboardError
from aqboard.plugins import DEMO, Demo, plugins
from aqboard.sessions.control import Listener, follow, require_writable_place, start
from aqboard.sessions.prepare import prepare
from aqboard.store import Store, StoredAttempt

Say = Callable[[str], None]


def installed_demo() -> Demo:
    """The demo of the first package that brings one; raises AqboardError when none does, or it cannot be loaded."""
    found = plugins(DEMO)
    for plugin in found:
        for thing in plugin.things:
            if isinstance(thing, Demo):
                return thing
    faults = "; ".join(f"{plugin.package}: {plugin.fault or 'it names no Demo'}" for plugin in found)
    raise AqboardError(
        f"The demo cannot be loaded ({faults})."
        if faults
        else "No installed package brings a demo. `pip install 'aqboard[reference]'` installs one."
    )


def check_demo(database: Path, demo: Demo, *, again: bool, say: Say, listen: Listener) -> list[StoredAttempt]:
    """Check each plan of the demo that the database has not seen in its present form; all of them with `again`."""
    require_writable_place(database)
    demo.prepare(say)
    done = []
    with Store(database, create=True) as store:
        known = {store.attempt(row.number).attempt.plan_text for row in store.attempts()} if not again else set()
        for plan in demo.plans:
            attempt = prepare(plan, say=say)
            if attempt.plan_text not in known:
                row = start(store, attempt)
                follow(store, row, listen=listen)
                done.append(store.attempt(row.attempt))
    return done
