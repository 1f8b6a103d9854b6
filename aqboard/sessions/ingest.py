"""Bring what a session wrote into the database: in order, once, whoever else does the same, and judge it at its end.

The session's folder is the source; the database remembers how far it has been read. So an ingester that is killed, or
meets a database that is locked, full or read-only, loses nothing: the next one goes on where the rows end.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from aqboard.domain.errors import AqboardError, StoreError
from aqboard.domain.session.check_session import SessionState, Sighting, Standing, fold
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.backends.base import EVENTS, read_handle
from aqboard.sessions.events import lines
from aqboard.sessions.folder import cancel_request
from aqboard.sessions.judging import judge
from aqboard.signing.decide import withdraw_void
from aqboard.store import Store
from aqboard.store.faults import is_busy
from aqboard.store.sessions import SessionRow, Sessions

HANDOVER_S = 120.0
"""How long a session may be without a handle: without one by then, its starter was killed before it could leave it."""

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Patience:
    """What to do while another process holds the database: wait, and say so."""

    seconds: float = 120.0
    pause_s: float = 1.0
    say: Say = lambda _: None

    def run(self, write: Callable[[], T]) -> T:
        """Call `write` until it is not refused because the database is held; raises StoreError after `seconds`."""
        began = time.monotonic()
        while True:
            try:
                return write()
            except StoreError as error:
                waited = time.monotonic() - began
                if not is_busy(error) or waited > self.seconds:
                    raise
                self.say(
                    f"the database is held by another process, for {waited:.0f} s now; nothing is lost, trying again"
                )
                time.sleep(self.pause_s)


PATIENT = Patience()


def ingest(store: Store, row: SessionRow, *, patience: Patience = PATIENT) -> Standing:
    """Read what is new of one session, and close it when it has ended. Where it stands after that.

    Cheap when nothing is new. Raises StoreError when the database cannot be written.
    """
    sessions = Sessions(store)
    closing = sessions.closing(row.session.uid)
    if closing is not None and closing.by_itself:
        return closing
    # The backend first: what a process wrote before its end is then read after it.
    sighting = None if row.imported or closing else _look(sessions, row, patience)
    while found := lines(row.folder / EVENTS, sessions.position(row.session.uid)):
        patience.run(lambda found=found: sessions.add_lines(row, found))  # type: ignore[misc]
    return _settle(store, sessions, row, closing, sighting, patience)


def ingest_open(store: Store, *, patience: Patience = PATIENT) -> tuple[str, ...]:
    """Read what is new of every session that may still say something; a sentence for each that cannot be read.

    That is also one that its backend gave up and whose file grows all the same: its node was cut off, and is back.
    Raises StoreError when the database cannot be written, which is the same for all of them.
    """
    troubles = []
    sessions = Sessions(store)
    for row in (*sessions.all(open_only=True), *filter(partial(_grows, sessions), sessions.given_up())):
        try:
            ingest(store, row, patience=patience)
        except StoreError:
            raise
        except (AqboardError, OSError) as error:
            told = error.message if isinstance(error, AqboardError) else str(error)
            troubles.append(f"Session {row.number} cannot be read: {told}")
    return tuple(troubles)


def _grows(sessions: Sessions, row: SessionRow) -> bool:
    try:
        return (row.folder / EVENTS).stat().st_size > sessions.position(row.session.uid)
    except OSError:
        return False


def _settle(
    store: Store,
    sessions: Sessions,
    row: SessionRow,
    closing: Standing | None,
    sighting: Sighting | None,
    patience: Patience,
) -> Standing:
    uid = row.session.uid
    position = sessions.position(uid)
    standing = fold((heard.event for heard in sessions.events(uid)), sighting, cancel_request(row.folder))
    if row.imported and not standing.state.over:
        standing = Standing(state=SessionState.LOST, why="The copied folder has no last line.")
    if closing is not None and not standing.by_itself:
        return closing
    if not standing.state.over:
        return standing
    close(store, row, standing, position, patience)
    return sessions.closing(uid) or standing


def close(store: Store, row: SessionRow, standing: Standing, position: int, patience: Patience = PATIENT) -> None:
    """Judge an ended session and store both, once; `position`: how far its file was read when it was found over."""
    sessions = Sessions(store)
    attempt = store.attempt(row.attempt).attempt
    judged = judge(attempt, row.session, standing, sessions.outcomes(row.session.uid))
    patience.run(lambda: sessions.close(row, standing, position, judged.found, judged.not_asked))
    if store.attempt(row.attempt).scripts:
        # New findings void every GO, and a script that nobody stands behind any more must not be one that runs.
        patience.run(lambda: withdraw_void(store, row.attempt, "the checks were run again"))


def _look(sessions: Sessions, row: SessionRow, patience: Patience) -> Sighting:
    """The backend's word, stored when it is new. An end counts once the last lines have had time to arrive here."""
    uid = row.session.uid
    backend = BACKENDS.get(row.session.backend)
    handle = read_handle(row.folder)
    if backend is None:
        sighting = Sighting(word="unknown", why=f"the backend {row.session.backend!r} is not known here")
    elif not row.folder.is_dir():
        sighting = Sighting(word="lost", why=f"cannot be followed: its folder {row.folder} is gone")
    elif handle is not None:
        sighting = backend.look(handle)
    elif _seconds_since(row.recorded_at) > HANDOVER_S:
        sighting = Sighting(word="lost", why="was never handed to its backend")
    else:
        sighting = Sighting(word="queued")
    known = sessions.sighting(uid)
    if known is None or known[0] != sighting:
        patience.run(lambda: sessions.add_sighting(uid, sighting))
        known = sessions.sighting(uid)
    settled = backend is None or known is None or _seconds_since(known[1]) >= backend.settle_s
    if sighting.over and not settled:
        return Sighting(word="running", why=f"its process {sighting.why or 'has ended'}; its last lines may follow")
    return sighting


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
