"""What every page shares: the database, the chosen attempt, and how trouble is told.

A connection is opened for each rerun (0.24 ms): Streamlit runs reruns in different threads, and an SQLite connection
belongs to one.
"""

import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import streamlit as st
from pydantic import ValidationError

from aqboard.domain.errors import AqboardError, StoreError
from aqboard.logs import configure
from aqboard.sessions.ingest import RetryPolicy, ingest_open
from aqboard.settings import DATABASE, TOKEN, default_database, project_folder, token
from aqboard.show.words import STATES
from aqboard.store import AttemptRow, Store, StoredAttempt
from aqboard.store.sessions import Sessions
from aqboard.store.sqlite.access import BUSY_TIMEOUT_S, access_to
from aqboard.web.text import plain, prose

CHOSEN = "attempt"
"""The chosen attempt's number: this key in the session state, and this query parameter in a link."""

LABEL = "attempt-label"
"""Session key: how the picker showed the chosen attempt last."""

NEXT = "next-attempt"
"""Session key: the attempt to show from the next rerun on. The picker's own key may not be set once it is drawn."""

PICKER_ROWS = 200
"""The newest attempts offered in the side bar; older ones are opened from the history."""


_INSIDE: ContextVar[bool] = ContextVar("inside app.py", default=False)
"""Whether this run of a page was started by `run`."""


LOOK_WAITS_S = 0.5
"""How long a page that only looks waits to store what is new: it can look again a moment later."""

WITHOUT_ATTEMPT = ("lint", "run")
"""Pages, by their address, that have something to show before anything was checked."""


class Page(Protocol):
    """What `st.navigation` returns."""

    @property
    def url_path(self) -> str:
        """Its address below the board's own."""

    def run(self) -> None:
        """Show the page."""


@contextmanager
def opened_store(*, create: bool = False, wait_s: float = BUSY_TIMEOUT_S) -> Iterator[Store]:
    """The database, open for this rerun, made with `create` where there is none; raises StoreError as `Store` does."""
    with Store(default_database(), create=create, wait_s=wait_s) as store:
        yield store


def look_waits_s() -> float:
    """How long a page that only looks waits for a process that holds the database, in seconds.

    Without a write-ahead log even reading waits for a writer, and giving up early would show nothing at all.
    """
    return LOOK_WAITS_S if access_to(default_database()).journal == "wal" else BUSY_TIMEOUT_S


def run(page: Page) -> None:
    """Offer the attempts in the side bar and show the page, or say what is the matter and what to type."""
    configure()
    if token():
        # The gate takes it out of the environment, so there is none: better no board than an open one.
        st.error(
            f"The variable `{TOKEN}` asks for an access token, and `streamlit run app.py` does not look at it."
            " Start the board with `aqboard serve`, or unset the variable."
        )
        return
    there_is_one = default_database().exists()
    try:
        at_work = _bring_in() if there_is_one else ()
        rows = all_attempts() if there_is_one else ()
        if rows:
            _choose(rows)
        elif page.url_path not in WITHOUT_ATTEMPT:
            _invite("The database holds no attempts yet." if there_is_one else "There is no database yet.")
            return
        if there_is_one:
            for note in access_to(default_database()).notes:
                st.sidebar.warning(prose(note))
            for note in at_work:
                st.sidebar.caption(plain(note))
        inside = _INSIDE.set(True)
        try:
            page.run()
        finally:
            _INSIDE.reset(inside)
    except ValidationError as error:
        st.error(
            f"Attempt {st.session_state.get(CHOSEN)} was recorded by another version of aqboard, and this one cannot "
            f"read its {plain(error.title)}. Check the plan again, or open the board with that version."
        )
    except AqboardError as error:
        st.error(prose(error.message))


def page(show: Callable[[], None]) -> None:
    """Show a page of `pages/`, and only from within `app.py`.

    Streamlit runs a file of a folder called `pages` by itself when its name is the first address that a fresh server
    is asked for. Then `app.py` is run here, which finds the same page by its address and comes back: a link works,
    and what `app.py` asks before it shows a page cannot be walked around.
    """
    if _INSIDE.get():
        show()
    else:
        runpy.run_path(str(project_folder() / "app.py"))


def _bring_in() -> tuple[str, ...]:
    """Read what sessions wrote since somebody last looked, so that every page shows it; a note for each at work."""
    with opened_store(wait_s=look_waits_s()) as store:
        sessions = Sessions(store)
        if not sessions.all(open_only=True):
            return ()
        try:
            troubles = ingest_open(store, patience=RetryPolicy(seconds=0.0))
        except StoreError as error:
            troubles = (f"What running checks have found could not be stored. {error.message}",)
        notes = (f"🔄 session {row.number} of attempt {row.attempt}" for row in sessions.all(open_only=True))
        return (*troubles, *notes)


def all_attempts() -> tuple[AttemptRow, ...]:
    """Every attempt, newest first; read again only when something was added (0.1 s for a thousand)."""
    with opened_store() as store:
        return _attempts_at(str(store.path), store.revision(), store)


@st.cache_resource(max_entries=4, show_spinner=False)
def _attempts_at(path: str, revision: tuple[str | int | None, ...], _store: Store) -> tuple[AttemptRow, ...]:
    """The rows are immutable, so sessions may share them. Streamlit leaves `_store` out of the key."""
    return _store.attempts()


def chosen_number() -> int:
    """The number of the attempt chosen in the side bar."""
    number: int = st.session_state[CHOSEN]
    return number


def show_attempt(body: Callable[[StoredAttempt], None]) -> None:
    """Load the chosen attempt and hand it to `body`."""
    with opened_store() as store:
        stored = store.attempt(chosen_number())
    body(stored)


def _choose(rows: tuple[AttemptRow, ...]) -> None:
    by_number = {row.number: row for row in rows}
    if (asked := st.session_state.pop(NEXT, None)) in by_number:
        st.session_state[CHOSEN] = asked
    if CHOSEN not in st.session_state:
        st.session_state[CHOSEN] = _from_link(by_number) or rows[0].number
    numbers = [row.number for row in rows[:PICKER_ROWS]]
    if (chosen := chosen_number()) in by_number:
        if chosen not in numbers:
            numbers.append(chosen)
        if st.session_state.get(LABEL) != (shown := label(by_number[chosen])):
            # The browser keeps the text that it showed until the value is set anew, and the state may have changed.
            st.session_state[CHOSEN], st.session_state[LABEL] = chosen, shown
    st.sidebar.selectbox("Attempt", numbers, key=CHOSEN, format_func=lambda number: label(by_number[number]))
    # Written on every rerun: changing the page clears the query, and the address must stay one to send to a colleague.
    st.query_params[CHOSEN] = str(chosen_number())


def _from_link(by_number: dict[int, AttemptRow]) -> int | None:
    asked = st.query_params.get(CHOSEN)
    if asked is None:
        return None
    if asked.isascii() and asked.isdigit() and int(asked) in by_number:
        return int(asked)
    st.warning(f"The link asks for attempt {plain(asked, most=40)}, which is not in this database. This is the newest.")
    return None


def label(row: AttemptRow) -> str:
    """An attempt in one line, for the picker: number, state, name."""
    return f"{row.number} · {STATES[row.readiness.state]} · {row.name}"


def _invite(what: str) -> None:
    st.title("Nothing to show yet")
    st.markdown(f"{what} The board reads this file (the variable `{DATABASE}` names another):")
    st.code(str(default_database()), language=None)
    st.markdown("**To see how it works**, really run the checks on the demo's two launches, in a terminal:")
    st.code("aqboard demo", language="bash")
    st.markdown("**To check your own launch**, describe it in a plan and run the checks on it:")
    st.code("aqboard check PLAN.yaml", language="bash")
    st.button("Look again", help="Read the database once more.")
