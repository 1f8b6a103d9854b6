"""Waivers on the launch page: what each accepts and what it is worth, and the forms to propose and to answer."""

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.identity import Identity
from aqboard.domain.signing.waiver import LONGEST_DAYS, Answer, WaiverState, WaiverStatus, says_nothing
from aqboard.domain.words import moment
from aqboard.launch.cost import stakes
from aqboard.launch.profile import load_profile
from aqboard.show.checklist import check_title
from aqboard.show.words import SIGNED, WAIVER_STATES, verdict_face
from aqboard.signing.waive import OPEN, answer, propose, waivable, waivable_checks
from aqboard.store import StoredAttempt
from aqboard.web.board import opened_store
from aqboard.web.pages.identity import acting, name_field
from aqboard.web.parts import say, show_stakes
from aqboard.web.text import code, plain

SAID = "decision-said"
"""Session key of what became of what was sent last: (accepted, sentence). Shown once, at the top of the page."""


def show(stored: StoredAttempt, person: Identity | None, may_act: bool) -> None:
    """Every waiver, newest first, and the button for another. `person` is None in single-user mode."""
    choices = waivable_checks(stored)
    if not stored.waivers and not choices:
        return
    st.subheader("Waivers")
    if not stored.waivers:
        st.markdown("Nobody has accepted a check that did not pass.")
    for standing in reversed(stored.waivers):
        _waiver(stored, standing, person, may_act)
    asked = choices and may_act and st.button("Accept a risk ...", key=f"waive-{stored.number}")
    if asked:
        _dialog(stored, choices, person)


def _waiver(stored: StoredAttempt, standing: WaiverStatus, person: Identity | None, may_act: bool) -> None:
    waiver, state = standing.waiver, WAIVER_STATES[standing.state]
    with st.container(border=True):
        st.markdown(
            f"{state.icon} **{state.word}** · **{plain(check_title(waiver.check))}** "
            f"({code(waiver.check)}) said {verdict_face(_verdict(waiver.verdict))}"
            f"{' · **nobody knows whether it is right**' if says_nothing(waiver.verdict) else ''}  \n"
            f"accepted by **{plain(waiver.person)}** ({SIGNED[waiver.identified_by]}), {moment(waiver.created_at)}, "
            f"until {moment(waiver.expires_at)}" + "".join(f"  \n{_said(one)}" for one in standing.answers)
        )
        if standing.why:
            st.markdown(plain(standing.why))
        st.caption("Reason")
        st.text(waiver.reason)
        st.caption("Risk")
        st.text(waiver.risk)
        if standing.state in OPEN and may_act:
            _answers(stored, standing, person)


def _said(one: Answer) -> str:
    comment = f": {plain(one.comment)}" if one.comment else ""
    return f"{one.answer} by **{plain(one.person)}** ({SIGNED[one.identified_by]}), {moment(one.created_at)}{comment}"


def _answers(stored: StoredAttempt, standing: WaiverStatus, person: Identity | None) -> None:
    uid = standing.waiver.uid
    keys = {name: f"{name}-{uid}" for name in ("answer-name", "answer-comment")}
    proposed = standing.state is WaiverState.PROPOSED
    # Open from the start where an answer is asked for: an expander slides open for half a second, and a click on a
    # button that is still moving is pressed on the button and released beside it, which does nothing.
    offer = st.expander("Confirm or refuse" if proposed else "Take it back", expanded=proposed)
    with offer, st.form(f"answer-{uid}", border=False):
        name_field(person, keys["answer-name"])
        st.text_input("Comment", key=keys["answer-comment"], max_chars=2000)
        buttons = st.columns(2) if proposed else (None, st)
        if buttons[0] is not None:
            buttons[0].form_submit_button(
                "Confirm: I accept it too", on_click=_answer, args=(stored.number, uid, True, keys), key=f"yes-{uid}"
            )
        buttons[1].form_submit_button(
            "Refuse", on_click=_answer, args=(stored.number, uid, False, keys), key=f"no-{uid}"
        )


@st.dialog("Accept a risk", width="large")
def _dialog(stored: StoredAttempt, choices: tuple[str, ...], person: Identity | None) -> None:
    number = stored.number
    keys = {name: f"waive-{name}-{number}" for name in ("check", "person", "reason", "risk", "days", "unknown")}
    plan = stored.attempt.plan
    st.markdown("**What it costs to be wrong**")
    show_stakes(stakes(plan, load_profile(plan.cluster.profile), stored.outcomes))
    check = st.selectbox("Check", choices, key=keys["check"], format_func=check_title)
    finding = next((f for f in stored.findings if f.check == check), None)
    verdict = waivable(stored, check)
    st.markdown(f"{verdict_face(_verdict(verdict))}: {plain(finding.summary) if finding else 'it was never asked.'}")
    if says_nothing(verdict):
        st.checkbox("I say so in so many words: **nobody knows** whether this is right.", key=keys["unknown"])
    name_field(person, keys["person"])
    st.text_area("Reason", key=keys["reason"], max_chars=2000, placeholder="Why may the launch go ahead all the same?")
    st.text_area("Risk", key=keys["risk"], max_chars=2000, placeholder="What happens if this is wrong?")
    st.number_input("It counts for so many days", 1, LONGEST_DAYS, 7, key=keys["days"])
    st.caption("It counts once a second person confirms it. It is shown here, in the report and in the script.")
    if st.button("Propose the waiver", type="primary", on_click=_propose, args=(number, keys), key=f"propose-{number}"):
        # A click in a dialog draws the dialog alone. What was refused is told beside the fields, which keep their text.
        if st.session_state[SAID][0]:
            st.rerun()
        say(*st.session_state.pop(SAID))


def _propose(number: int, keys: dict[str, str]) -> None:
    state = st.session_state
    try:
        with opened_store() as store:
            waiver = propose(
                store,
                number,
                state[keys["check"]],
                person=acting(keys["person"]),
                reason=state[keys["reason"]],
                risk=state[keys["risk"]],
                days=state[keys["days"]],
                unknown=bool(state.get(keys["unknown"])),
            )
    except AqboardError as error:
        state[SAID] = (False, error.message)
        return
    state[SAID] = (True, f"{waiver.person} accepts {waiver.check}. A second person must confirm it before it counts.")


def _answer(number: int, uid: str, confirm: bool, keys: dict[str, str]) -> None:
    state = st.session_state
    try:
        with opened_store() as store:
            comment = state[keys["answer-comment"]]
            after = answer(store, number, uid, person=acting(keys["answer-name"]), confirm=confirm, comment=comment)
    except AqboardError as error:
        state[SAID] = (False, error.message)
        return
    state[SAID] = (True, f"The waiver for {after.waiver.check} is {WAIVER_STATES[after.state].word}.")


def _verdict(verdict: str) -> str | None:
    return None if verdict == "not run" else verdict
