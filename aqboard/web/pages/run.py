"""The page where checks are run: what is at work, a form to start, and how earlier sessions ended."""

from collections.abc import Mapping, Sequence

import streamlit as st

from aqboard.checks.suite import installed_suite
from aqboard.domain.session.check_session import SessionStatus
from aqboard.sessions.control import view
from aqboard.settings import default_database
from aqboard.show.sessions import Span, check_lines, session_rows
from aqboard.show.words import SESSION_STATES, STATES
from aqboard.signing.installation import installation
from aqboard.store import StoredAttempt
from aqboard.store.sessions import SessionRow, Sessions
from aqboard.web.board import all_attempts, opened_store, show_attempt
from aqboard.web.pages.identity import signed_in
from aqboard.web.pages.run_first import show_first
from aqboard.web.pages.run_live import WATCHED, show_checks, show_live, show_log
from aqboard.web.pages.run_start import show_answer, show_new, show_person, show_start
from aqboard.web.parts import attempt_heading
from aqboard.web.text import prose

Rows = Sequence[SessionRow]
COLUMNS = {
    "no.": st.column_config.NumberColumn(width=45),
    "state": st.column_config.TextColumn(width=95),
    "why": st.column_config.TextColumn(width=330),
    "checks": st.column_config.NumberColumn(width=60),
    "took": st.column_config.TextColumn(width=90),
}
"""Widths in pixels; the long texts show in full when their cell is opened."""


def show() -> None:
    """Show the page for the chosen attempt, or how to make a first one."""
    if default_database().exists() and all_attempts():
        show_attempt(_body)
    else:
        show_first()


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Run checks")
    with opened_store() as store:
        rows = Sessions(store).all(attempt=stored.number)
        closings = Sessions(store).closings([row.session.uid for row in rows])
        spans = Sessions(store).spans(list(closings))
    at_work = tuple(row.number for row in rows if row.session.uid not in closings)
    show_answer()
    _ended(stored, rows, closings)
    st.session_state[WATCHED] = at_work
    here = installation()
    may_act = show_person(here, signed_in(here))
    show_live(at_work, may_act=may_act)
    if may_act and not at_work:
        show_start(stored)
    if may_act:
        show_new(stored)
    _past(stored.number, rows, closings, spans)


def _ended(stored: StoredAttempt, rows: Rows, closings: Mapping[str, SessionStatus]) -> None:
    """Sessions that were at work when this page was last drawn, and what came of them."""
    watched = st.session_state.get(WATCHED, ())
    ended = [row for row in rows if row.number in watched and row.session.uid in closings]
    for row in ended:
        standing = closings[row.session.uid]
        face = SESSION_STATES[standing.state]
        st.info(f"**Session {row.number} is {face.word}.** {prose(standing.why)}", icon=face.icon)
    if ended:
        state = STATES[stored.readiness.state]
        st.page_link("pages/readiness.py", label=f"Attempt {stored.number} is {state}: see why", icon="🚦")


def _past(attempt: int, rows: Rows, closings: Mapping[str, SessionStatus], spans: Mapping[str, Span]) -> None:
    st.subheader("Earlier sessions")
    ended = {row.number: row for row in rows if row.session.uid in closings}
    if not ended:
        st.markdown("No session of this attempt has ended yet. Attempts that were checked elsewhere have none.")
        return
    table = session_rows(ended.values(), closings, spans)
    st.dataframe(table, hide_index=True, width="stretch", column_config=COLUMNS, alt="Sessions that have ended")
    number = st.selectbox("Look into session", list(ended), index=None, placeholder="choose one", key=f"look-{attempt}")
    if number is not None:
        _look_into(ended[number])


def _look_into(row: SessionRow) -> None:
    with opened_store() as store:
        each = view(store, row)
    show_checks(check_lines(each, installed_suite()))
    show_log(row)
