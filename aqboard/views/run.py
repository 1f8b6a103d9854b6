"""The page where checks are run: what is at work, a form to start, and how earlier sessions ended."""

import streamlit as st

from aqboard.runner.plugins import installed_suite
from aqboard.store import StoredAttempt
from aqboard.store.sessions import SessionRow, Sessions
from aqboard.views.board import opened_store, show_attempt
from aqboard.views.parts import attempt_heading
from aqboard.views.run_live import ENDED, SAID, progress_table, show_live, show_log
from aqboard.views.run_start import show_new, show_person, show_start
from aqboard.views.tables.sessions import check_lines, session_rows
from aqboard.views.text import plain
from aqboard.views.words import SESSION_STATES, STATES
from aqboard.workflow.sessions import view

COLUMNS = {
    "no.": st.column_config.NumberColumn(width=45),
    "state": st.column_config.TextColumn(width=95),
    "why": st.column_config.TextColumn(width=330),
    "checks": st.column_config.NumberColumn(width=60),
    "took": st.column_config.TextColumn(width=90),
}
"""Widths in pixels; the long texts show in full when their cell is opened."""


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Run checks")
    _answer()
    _ended(stored)
    show_person()
    if not show_live(stored.number):
        show_start(stored)
    show_new(stored)
    _past(stored.number)


def _answer() -> None:
    """What became of the last request."""
    accepted, sentence = st.session_state.pop(SAID, (True, ""))
    if sentence:
        (st.success if accepted else st.error)(plain(sentence))


def _ended(stored: StoredAttempt) -> None:
    """Sessions that ended while this page was open, and what came of them; said once."""
    numbers = st.session_state.pop(ENDED, ())
    if not numbers:
        return
    with opened_store() as store:
        rows = [Sessions(store).find(number) for number in numbers]
        closings = Sessions(store).closings([row.session.uid for row in rows])
    for row in rows:
        standing = closings.get(row.session.uid)
        if standing is not None:
            st.info(f"{SESSION_STATES[standing.state]}: session {row.number}. {plain(standing.why)}")
    state = stored.readiness.state
    st.page_link("pages/readiness.py", label=f"Attempt {stored.number} is {STATES[state]}: see why", icon="🚦")


def _past(attempt: int) -> None:
    st.subheader("Earlier sessions")
    with opened_store() as store:
        sessions = Sessions(store)
        rows = sessions.all(attempt=attempt)
        uids = [row.session.uid for row in rows]
        table = session_rows(rows, sessions.closings(uids), sessions.spans(uids))
    if not table:
        st.markdown("No session of this attempt has ended yet. Attempts that were checked elsewhere have none.")
        return
    st.dataframe(table, hide_index=True, width="stretch", column_config=COLUMNS, alt="Sessions that have ended")
    ended = {row.number: row for row in rows if row.number in {line["no."] for line in table}}
    number = st.selectbox("Look into session", list(ended), index=None, placeholder="choose one", key=f"look-{attempt}")
    if number is not None:
        _look_into(ended[number])


def _look_into(row: SessionRow) -> None:
    with opened_store() as store:
        each = view(store, row)
    st.markdown(progress_table(check_lines(each, installed_suite())))
    show_log(row)
