"""Check sessions as people use them: start one, watch it, stop it, read what it printed."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue, ValidationError

from aqboard.checks.selection import left_out, limits, probes_needed
from aqboard.checks.suite import installed_suite
from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import AqboardError, SessionError
from aqboard.domain.identity import Identity
from aqboard.domain.model import first_fault
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.session.check_session import (
    BackendStatus,
    CheckSession,
    Heard,
    ProbeProgress,
    SessionState,
    SessionStatus,
    fold,
    progress,
)
from aqboard.domain.session.events import Event
from aqboard.launch.profile import load_profile
from aqboard.sessions import folder as session_folder
from aqboard.sessions.backend import HANDLE, WORKER_LOG, read_handle, write_record
from aqboard.sessions.backends import BACKENDS, backend
from aqboard.sessions.backends.slurm import SlurmBackend
from aqboard.sessions.ingest import PATIENT, RetryPolicy, close, ingest
from aqboard.settings import login_name
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from aqboard.store.sqlite.connection import require_writable

logger = logging.getLogger("aqboard.sessions")

Listener = Callable[[Event], None]
POLL_S = 0.2


@dataclass(frozen=True)
class SessionView:
    """A session as it is shown."""

    row: SessionRow
    standing: SessionStatus
    probes: tuple[ProbeProgress, ...]
    began: datetime | None
    """When its first event was seen here."""
    heard: datetime | None
    """When its last one was."""


def start(
    store: Store,
    attempt: Attempt,
    *,
    backend_name: str = "local",
    requested_by: Identity | str = "",
    checks: Collection[str] = (),
    resources: Mapping[str, JsonValue] | None = None,
    patience: RetryPolicy = PATIENT,
) -> SessionRow:
    """Start a session for an attempt, which is stored if it is new; `checks`: those to ask again, all by default.

    `requested_by`: the person whom the installation identified, or a name; the account of this process by default.
    Returns when the backend has taken it. Raises SessionError when that is not possible; the session is then recorded
    as what it is. Raises PlanError for a check that does not exist, StoreError when nothing could be stored.
    """
    chosen = backend(backend_name)
    wanted = resources_for(backend_name, attempt.plan) if resources is None else resources
    actor = requested_by if isinstance(requested_by, Identity) else None
    name = requested_by.person if isinstance(requested_by, Identity) else requested_by
    session = _planned(attempt, backend_name, name or login_name(), checks, wanted)
    folder = sessions_folder(store.path) / session.uid
    session_folder.create(folder, session, attempt)
    try:
        row = patience.run(lambda: Sessions(store).add(session, attempt, folder, actor=actor))
    except AqboardError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        handle = chosen.start(folder)
    except SessionError as error:
        logger.warning("session %d was not started on %s: %s", row.number, backend_name, error.message)
        close(
            store,
            row,
            SessionStatus(state=SessionState.FAILED, why=f"It was not started. {error.message}"),
            0,
            patience,
        )
        raise
    logger.info("session %d of attempt %d was handed to %s: %s", row.number, row.attempt, backend_name, handle)
    write_record(folder / HANDLE, handle)
    return row


def follow(
    store: Store, row: SessionRow, *, listen: Listener = lambda _: None, patience: RetryPolicy = PATIENT
) -> SessionStatus:
    """Ingest until the session has ended, and pass its events on as they come; where it stands then.

    Leaving it early, by Ctrl-C or otherwise, leaves the session alone.
    """
    sessions = Sessions(store)
    after = 0
    while True:
        standing = ingest(store, row, patience=patience)
        for heard in sessions.events(row.session.uid, after):
            after = heard.id
            listen(heard.event)
        if standing.state.over:
            return standing
        time.sleep(POLL_S)


def cancel(store: Store, row: SessionRow, by: str = "", *, patience: RetryPolicy = PATIENT) -> SessionStatus:
    """Ask a session to stop; it says itself when it has. Raises SessionError when it has ended already."""
    before = ingest(store, row, patience=patience)
    if before.state.over:
        raise SessionError(f"Session {row.number} cannot be cancelled: it is {before.state} already.")
    logger.info("session %d: an end is asked for", row.number)
    session_folder.request_cancel(row.folder, by or login_name())
    handle, chosen = read_handle(row.folder), BACKENDS.get(row.session.backend)
    if handle is not None and chosen is not None:
        chosen.cancel(handle)
    return ingest(store, row, patience=patience)


def view(store: Store, row: SessionRow, *, now: datetime | None = None) -> SessionView:
    """A session as the database knows it: cheap, no backend is asked. `ingest` brings in what is new."""
    sessions, uid = Sessions(store), row.session.uid
    heard = sessions.events(uid)
    standing = sessions.closing(uid) or _open_standing(sessions, row, heard)
    usual = sessions.usual_seconds(row.session.backend)
    return SessionView(
        row=row,
        standing=standing,
        probes=progress(row.session, heard, standing.state, now or datetime.now(UTC), usual),
        began=heard[0].at if heard else None,
        heard=heard[-1].at if heard else None,
    )


def _open_standing(sessions: Sessions, row: SessionRow, heard: Sequence[Heard]) -> SessionStatus:
    """Where a session stands that has not been closed: its backend's word that it is over waits for `ingest`."""
    known = sessions.sighting(row.session.uid)
    sighting = known[0] if known and not known[0].over else BackendStatus(word="running") if known else None
    return fold((each.event for each in heard), sighting, session_folder.cancel_request(row.folder))


def log_tail(row: SessionRow, position: int = 0, most_bytes: int = 1 << 20) -> tuple[str, int]:
    """What the session's probes printed from a position on, and where to go on from; empty when there is no more."""
    try:
        with (row.folder / WORKER_LOG).open("rb") as file:
            file.seek(position)
            data = file.read(most_bytes)
    except OSError:
        return "", position
    return data.decode("utf-8", errors="replace"), position + len(data)


def log_end(row: SessionRow, most_bytes: int = 1 << 14) -> str:
    """The last of what the session's probes printed; empty when they printed nothing, or the folder is gone."""
    try:
        size = (row.folder / WORKER_LOG).stat().st_size
    except OSError:
        return ""
    return log_tail(row, max(0, size - most_bytes), most_bytes)[0]


def sessions_folder(database: Path) -> Path:
    """Where the folders of the sessions of a database lie: beside it."""
    return database.resolve().parent / "sessions"


def resources_for(backend_name: str, plan: LaunchPlan) -> dict[str, JsonValue]:
    """From the plan and its cluster's profile; nothing for a backend that understands nothing.

    Raises LaunchError when the profile cannot be read, or the job cannot run there.
    """
    if backend_name != SlurmBackend.name:
        return {}
    from aqboard.launch.check_job import check_job  # here: only Slurm needs a job's script

    return check_job(plan, load_profile(plan.cluster.profile)).model_dump(mode="json")


def require_writable_place(database: Path) -> None:
    """Raise StoreError or SessionError when the database, or the sessions' folder beside it, can take nothing new."""
    require_writable(database)
    folder = sessions_folder(database)
    if not folder.exists():  # it will be made beside the database, where files can be made
        return
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SessionError(
            f"The folder {folder}, where sessions keep what they find, cannot be written ({error.strerror}). "
            "Ask its owner, or name another database with --db."
        ) from None


def _planned(
    attempt: Attempt, backend_name: str, by: str, checks: Collection[str], resources: Mapping[str, JsonValue]
) -> CheckSession:
    suite = tuple(check for check in installed_suite() if check.id in attempt.checks)
    without = left_out(suite, checks, ()) if checks else attempt.left_out
    asked = tuple(check.id for check in suite if not checks or check.id not in without)
    try:
        return CheckSession(
            attempt=attempt.uid,
            backend=backend_name,
            requested_by=by,
            checks=asked,
            left_out=() if checks else attempt.left_out,
            probes=probes_needed(suite, attempt.plan, without),
            limits=limits(suite, attempt.plan),
            resources=dict(resources),
        )
    except ValidationError as error:
        raise SessionError(f"The session was not started. {first_fault(error)}") from None
