"""The sessions of an attempt that are at work: read, shown and refreshed without reloading the page."""

import streamlit as st

from aqboard.checks.suite import installed_suite
from aqboard.domain.errors import AqboardError, StoreError
from aqboard.domain.identity import Identity
from aqboard.domain.words import moment, visible
from aqboard.sessions.control import SessionView, cancel, log_end, view
from aqboard.sessions.folder import cancel_request
from aqboard.sessions.ingest import RetryPolicy, ingest
from aqboard.show.sessions import CheckLine, check_lines, overall
from aqboard.show.words import SESSION_STATES
from aqboard.store import Store
from aqboard.store.sessions import SessionRow, Sessions
from aqboard.web.board import look_waits_s, opened_store
from aqboard.web.pages.identity import acting
from aqboard.web.text import code, plain, prose

EVERY_S = 1.0
PATIENCE = RetryPolicy(seconds=0.0)
"""A page does not wait for a database that another process holds: it looks again a second later."""
PERSON = "person"
"""Session key of the typed name, where names are typed."""
WATCHED = "run-watched"
"""Session key of the open sessions that were shown last, so that their end is told, whoever noticed it."""
SAID = "run-said"
"""Session key of what became of the last request: (accepted, sentence). Shown once."""


def show_live(numbers: tuple[int, ...], *, may_act: bool) -> None:
    """Show these open sessions; who `may_act` can cancel them. Without one, nothing asks again."""
    if numbers:
        st.fragment(_live, run_every=EVERY_S)(numbers, may_act=may_act)


def _live(numbers: tuple[int, ...], *, may_act: bool) -> None:
    """Bring in what is new, here as well as in any other browser that looks: adding it twice adds nothing."""
    with opened_store(wait_s=look_waits_s()) as store:
        sessions = Sessions(store)
        rows = [sessions.find(number) for number in numbers]
        troubles = [trouble for row in rows if (trouble := _brought_in(store, row))]
        views = [view(store, row) for row in rows]
    if any(each.standing.state.over for each in views):
        st.rerun()  # the whole page: the list, the form and the state of the attempt have changed
    for trouble in troubles:
        st.warning(prose(trouble))
    for each in views:
        _session(each, may_act=may_act)


def _brought_in(store: Store, row: SessionRow) -> str:
    """What kept it from being stored, in words; empty when nothing did."""
    try:
        ingest(store, row, patience=PATIENCE)
    except StoreError as error:
        return f"What is new could not be stored; below is what the database knows. {error.message}"
    except AqboardError as error:
        return error.message
    return ""


def _session(each: SessionView, *, may_act: bool) -> None:
    row, standing = each.row, each.standing
    session, far = row.session, overall(each)
    with st.container(border=True, key=f"session-{row.number}"):
        words, button = st.columns([5, 1], vertical_alignment="center")
        words.markdown(
            f"#### {SESSION_STATES[standing.state]} · session {row.number}\n\n"
            f"{session.backend}, asked for by {plain(session.requested_by)}, {moment(session.created_at)}"
        )
        asked = cancel_request(row.folder)
        button.button(
            "Cancelling ..." if asked else "Cancel",
            key=f"cancel-{row.number}",
            disabled=asked is not None or not may_act,
            help=None if may_act else "Sign in to cancel.",
            on_click=_cancel,
            args=(row.number,),
            width="stretch",
        )
        if standing.why:
            st.markdown(prose(standing.why))
        st.progress(far.share, text=plain(far.sentence))
        show_checks(check_lines(each, installed_suite()))
        show_log(row)


def show_checks(lines: tuple[CheckLine, ...]) -> None:
    """One line per check, in two columns read downwards: where it is, for how long, and what is being done."""
    half = (len(lines) + 1) // 2
    for column, part in zip(st.columns(2), (lines[:half], lines[half:]), strict=True):
        column.markdown("  \n".join(map(check_text, part)))


def check_text(line: CheckLine) -> str:
    """A check as one line of Markdown."""
    rest = " · ".join(filter(None, (line.time, plain(line.message, most=160))))
    return f"{line.face.icon}\u00a0{line.face.word} · **{plain(line.title)}**" + (f" :gray[· {rest}]" if rest else "")


def show_log(row: SessionRow) -> None:
    """The end of what the probes printed, read only while it is open."""
    log = st.expander("What the probes print", key=f"log-{row.number}", type="compact", on_change="rerun")
    if log.open:
        text = "\n".join(map(visible, log_end(row).splitlines()))
        log.code(text or "Nothing yet.", language=None, wrap_lines=True, height=300)
        log.caption(f"The end of {code(row.folder / 'worker.log')}")


def _cancel(number: int) -> None:
    """Ask for an end; called before the fragment is drawn again, so that it shows who asked."""
    try:
        with opened_store() as store:
            row = Sessions(store).find(number)
            person = acting(PERSON)
            name = person.person if isinstance(person, Identity) else person.strip()
            cancel(store, row, by=name or "somebody at the board")
    except AqboardError as error:
        st.session_state[SAID] = (False, error.message)
