"""Bring what a session wrote into the database: in order, once, whoever else does the same, and judge it at its end.

The session's folder is the source; the database remembers how far it has been read. So an ingester that is killed, or
meets a database that is locked, full or read-only, loses nothing: the next one goes on where the rows end.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from aqboard.domain.errors import AqboardError, StoreError
from aqboard.domain.session.check_session import BackendStatus, SessionState, SessionStatus, fold
from aqboard.sessions.backend import EVENTS, read_handle
from aqboard.sessions.backends import BACKENDS
from aqboard.sessions.events import lines
from aqboard.sessions.folder import cancel_request
from aqboard.sessions.judging import judge
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from aqboard.store.sqlite.faults import is_busy

logger = logging.getLogger("aqboard.sessions")

HANDOVER_S = 120.0
"""How long a session may be without a handle: without one by then, its starter was killed before it could leave it."""

T = TypeVar("T")
Say = Callable[[str], None]


@dataclass(frozen=True)
class RetryPolicy:
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
                logger.info("the database is held by another process, for %.1f s now; trying again", waited)
                self.say(
                    f"the database is held by another process, for {waited:.0f} s now; nothing is lost, trying again"
                )
                time.sleep(self.pause_s)


PATIENT = RetryPolicy()


def ingest(store: Store, row: SessionRow, *, patience: RetryPolicy = PATIENT) -> SessionStatus:
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
        logger.debug("session %d: %d new lines were stored", row.number, len(found))
    return _settle(store, sessions, row, closing, sighting, patience)


def ingest_open(store: Store, *, patience: RetryPolicy = PATIENT) -> tuple[str, ...]:
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
            logger.warning("session %d cannot be read: %s", row.number, told)
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
    closing: SessionStatus | None,
    sighting: BackendStatus | None,
    patience: RetryPolicy,
) -> SessionStatus:
    uid = row.session.uid
    position = sessions.position(uid)
    standing = fold((heard.event for heard in sessions.events(uid)), sighting, cancel_request(row.folder))
    if row.imported and not standing.state.over:
        standing = SessionStatus(state=SessionState.LOST, why="The copied folder has no last line.")
    if closing is not None and not standing.by_itself:
        return closing
    if not standing.state.over:
        return standing
    close(store, row, standing, position, patience)
    return sessions.closing(uid) or standing


def close(
    store: Store, row: SessionRow, standing: SessionStatus, position: int, patience: RetryPolicy = PATIENT
) -> None:
    """Judge an ended session and store both, once; `position`: how far its file was read when it was found over."""
    sessions = Sessions(store)
    attempt = store.attempt(row.attempt).attempt
    judged = judge(attempt, row.session, standing, sessions.outcomes(row.session.uid))
    patience.run(lambda: sessions.close(row, standing, position, judged.found, judged.not_asked))
    logger.info("session %d is %s: %s", row.number, standing.state, standing.why or "all probes have ended")
    if store.attempt(row.attempt).scripts:
        from aqboard.signing.decide import withdraw_void  # here: a check without a GO needs no script and no guard

        # New findings void every GO, and a script that nobody stands behind any more must not be one that runs.
        patience.run(lambda: withdraw_void(store, row.attempt, "the checks were run again"))


def _look(sessions: Sessions, row: SessionRow, patience: RetryPolicy) -> BackendStatus:
    """The backend's word, stored when it is new. An end counts once the last lines have had time to arrive here."""
    uid = row.session.uid
    backend = BACKENDS.get(row.session.backend)
    handle = read_handle(row.folder)
    if backend is None:
        sighting = BackendStatus(word="unknown", why=f"the backend {row.session.backend!r} is not known here")
    elif not row.folder.is_dir():
        sighting = BackendStatus(word="lost", why=f"cannot be followed: its folder {row.folder} is gone")
    elif handle is not None:
        sighting = backend.look(handle)
    elif _seconds_since(row.recorded_at) > HANDOVER_S:
        sighting = BackendStatus(word="lost", why="was never handed to its backend")
    else:
        sighting = BackendStatus(word="queued")
    known = sessions.sighting(uid)
    if known is None or known[0] != sighting:
        logger.debug("session %d: %s says %s %s", row.number, row.session.backend, sighting.word, sighting.why)
        patience.run(lambda: sessions.add_sighting(uid, sighting))
        known = sessions.sighting(uid)
    settled = backend is None or known is None or _seconds_since(known[1]) >= backend.settle_s
    if sighting.over and not settled:
        return BackendStatus(
            word="running", why=f"its process {sighting.why or 'has ended'}; its last lines may follow"
        )
    return sighting


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
