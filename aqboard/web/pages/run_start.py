"""Start a session: for the attempt that is shown, or for a new one from a plan file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from aqboard.domain.attempt import Attempt
from aqboard.domain.errors import AqboardError, SessionError
from aqboard.domain.finding import Verdict
from aqboard.domain.identity import Identity
from aqboard.readers.inputs import changed_inputs
from aqboard.sessions.backends import available_backends
from aqboard.sessions.control import require_writable_place, start
from aqboard.sessions.ingest import RetryPolicy
from aqboard.sessions.prepare import prepare
from aqboard.sessions.trust import refuse_unless_agreed
from aqboard.settings import SEARCH_ROOTS, default_database
from aqboard.show.checklist import check_title
from aqboard.signing.installation import Installation
from aqboard.store import StoredAttempt
from aqboard.web.board import NEXT, opened_store
from aqboard.web.pages.identity import acting, may_act, name_field, sign_in, sign_out
from aqboard.web.pages.run_live import PERSON, SAID
from aqboard.web.parts import say
from aqboard.web.server.allowed_paths import allowed_roots, plan_files
from aqboard.web.text import code, plain, prose

ALL, UNPASSED, CHOSEN_ONES = "all", "those that have not passed", "only these"
PATIENCE = RetryPolicy(seconds=10.0)


def show_person(here: Installation, person: Identity | None) -> bool:
    """Who asks, for starting and for cancelling: a field to type in, who is signed in, or the way to sign in.

    Whether anything can be started or cancelled.
    """
    if here.mode == "single-user":
        told = "Kept with what you start or cancel. Typed in; nobody verifies it."
        st.text_input("Your name", key=PERSON, max_chars=120, help=told)
    elif person is None:
        sign_in(here)
    else:
        name_field(person, PERSON)
        sign_out(here, person)
    return may_act(here, person)


def show_answer() -> None:
    """What became of the last request."""
    accepted, sentence = st.session_state.pop(SAID, (True, ""))
    if sentence:
        say(accepted, sentence)


def show_start(stored: StoredAttempt) -> None:
    """Offer to measure the attempt that is shown: again, or for the first time."""
    st.subheader("Run the checks of this attempt")
    try:
        refuse_unless_agreed(stored.attempt)
    except AqboardError as error:
        st.warning(prose(error.message))
        return
    backend = _backend("again")
    chosen = _checks(stored)
    if st.button("Run checks", type="primary", disabled=not chosen):
        with st.spinner("Reading the input files, to see whether one has changed ..."):
            _answered(lambda: _again(stored.attempt, backend, chosen))


def _backend(key: str) -> str:
    known = available_backends()
    possible = {offer.name: offer.where for offer in known if not offer.why_not}
    picked: str = st.radio(
        "Where", list(possible), format_func=possible.__getitem__, key=f"backend-{key}", horizontal=True
    )
    for offer in known:
        if offer.why_not:
            st.caption(f"Not offered {offer.where}: {offer.why_not}.")
    return picked


def _checks(stored: StoredAttempt) -> tuple[str, ...]:
    """The checks to ask; all of them by default."""
    every = stored.attempt.checks
    passed = {finding.check for finding in stored.findings if finding.verdict is Verdict.PASS}
    which = st.radio("Which checks", (ALL, UNPASSED, CHOSEN_ONES), key="which", horizontal=True)
    if which == ALL:
        return every
    if which == UNPASSED:
        rest = tuple(check for check in every if check not in passed)
        st.caption(f"{len(rest)} of {len(every)} have not passed.")
        return rest
    return tuple(st.multiselect("Checks", every, format_func=check_title, key="these"))


def _again(attempt: Attempt, backend: str, checks: tuple[str, ...]) -> str:
    who = _person()
    require_writable_place(default_database())
    if changes := changed_inputs(attempt):
        raise SessionError(
            f"Nothing was started: this attempt is about files that are not these. {' '.join(changes)} "
            "Start a new attempt from its plan."
        )
    asked = () if checks == attempt.checks else checks
    with opened_store() as store:
        row = start(store, attempt, backend_name=backend, requested_by=who, checks=asked, patience=PATIENCE)
    return f"Session {row.number} was started."


def show_new(stored: StoredAttempt) -> None:
    """Offer the plans that lie in allowed folders."""
    with st.expander("Start a new attempt from a plan file"):
        st.markdown(
            f"Plans that lie in the folders of this attempt's files, or in those that {code(SEARCH_ROOTS)} names. "
            "From anywhere else: `aqboard check PLAN` in a terminal."
        )
        offer_plans(allowed_roots(stored.attempt.plan))


def offer_plans(roots: Sequence[str]) -> None:
    """Offer to start a new attempt from a plan that lies in one of these folders."""
    files = plan_files(roots)
    if not files:
        st.info("There is no plan in these folders: " + ", ".join(map(code, roots)))
        return
    file = st.selectbox("Plan", files, format_func=str, key="plan-file")
    backend = _backend("new")
    st.caption("Its files are read and their digests taken first; stay on this page until that is done.")
    if st.button("Freeze the plan and run its checks", key="new"):
        _answered(lambda: _new(file, backend))


def _new(file: Path, backend: str) -> str:
    who = _person()
    require_writable_place(default_database())
    with st.status("Reading the plan's files ...", expanded=True) as status:
        line = st.empty()

        def say(text: str) -> None:
            line.markdown(plain(text))

        attempt = prepare(file, say=say)
        status.update(label="Its files are read", state="complete")
    refuse_unless_agreed(attempt)
    with opened_store(create=True) as store:
        row = start(store, attempt, backend_name=backend, requested_by=who, patience=PATIENCE)
    st.session_state[NEXT] = row.attempt
    return f"Attempt {row.attempt} was made, and session {row.number} started for it."


def _person() -> Identity | str:
    """Who is signed in, asked again now; or the name that was typed."""
    person = acting(PERSON)
    if isinstance(person, str) and not person.strip():
        raise SessionError("Nothing was started: write your name first, it is kept with the session.")
    return person


def _answered(act: Callable[[], str]) -> None:
    """Do it, keep what is to be said, and draw the page again with what has changed."""
    try:
        st.session_state[SAID] = (True, act())
    except AqboardError as error:
        st.session_state[SAID] = (False, error.message)
    st.rerun()
