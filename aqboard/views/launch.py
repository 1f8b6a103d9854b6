"""The launch page: what would be submitted, who says GO, and the script that a GO let out."""

from pathlib import Path

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.signoff import Decision
from aqboard.launch.cost import stakes
from aqboard.launch.profile import load_profile
from aqboard.store import StoredAttempt, StoredScript
from aqboard.views.board import opened_store, show_attempt
from aqboard.views.parts import attempt_heading
from aqboard.views.stakes import show_stakes
from aqboard.views.tables.launch import plan_facts
from aqboard.views.text import cell_code, plain, table
from aqboard.views.words import moment
from aqboard.workflow.decide import Standing, decide, obstacles, preview, standings

SAID = "decision-said"
"""Session key of what became of the last decision: (accepted, sentence). Shown once."""

IDENTITY = "The name is typed in; nobody verifies it, and the record says so (`identified by: none`)."


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Launch")
    _answer()
    _summary(stored)
    with st.spinner("Reading the input files, to see whether one has changed ..."):
        reasons, given = obstacles(stored), standings(stored)
    form, record = st.columns(2, gap="large")
    with form:
        _form(stored.number, reasons)
    with record:
        _record(given)
    _script(stored, given)


def _answer() -> None:
    """What became of the decision just sent."""
    accepted, sentence = st.session_state.pop(SAID, (True, ""))
    if sentence:
        (st.success if accepted else st.error)(plain(sentence))


def _summary(stored: StoredAttempt) -> None:
    cluster = stored.attempt.plan.cluster
    st.subheader("What would be submitted")
    st.markdown(f"**{cluster.nodes} nodes x {cluster.gpus_per_node} GPUs = {cluster.gpus} GPUs**")
    show_stakes(stakes(stored.attempt.plan, load_profile(cluster.profile), stored.outcomes))
    st.markdown(table(("setting", "value"), [(plain(name), cell_code(value)) for name, value in plan_facts(cluster)]))


def _form(number: int, reasons: tuple[str, ...]) -> None:
    st.subheader("Decide")
    if reasons:
        st.error("**⛔ GO is not possible now**\n\n" + "\n".join(f"- {plain(reason)}" for reason in reasons))
    else:
        st.success("**✅ GO is possible**: every check that can block passed, and no input file has changed since.")
    keys = {name: f"{name}-{number}" for name in ("person", "decision", "comment")}
    with st.form(f"signoff-{number}"):
        st.text_input("Your name", key=keys["person"], max_chars=120)
        st.caption(IDENTITY)
        allowed = [Decision.NO_GO.value] if reasons else [Decision.GO.value, Decision.NO_GO.value]
        st.radio("Decision", allowed, index=None, key=keys["decision"], horizontal=True)
        st.text_area("Comment", key=keys["comment"], max_chars=4000, placeholder="Why? For the next person who asks.")
        st.form_submit_button("Record the decision", type="primary", on_click=_decide, args=(number, keys))


def _decide(number: int, keys: dict[str, str]) -> None:
    """Record what the form says; called before the page is drawn again, so that it shows the result."""
    state = st.session_state
    if not state[keys["decision"]]:
        state[SAID] = (False, "Nothing was recorded: choose a decision first.")
        return
    decision = Decision(state[keys["decision"]])
    try:
        with opened_store() as store:
            decided = decide(
                store, number, person=state[keys["person"]], decision=decision, comment=state[keys["comment"]]
            )
    except AqboardError as error:
        state[SAID] = (False, error.message)
        return
    sentence = f"{decision} by {decided.signoff.person} is recorded."
    if decided.script:
        sentence += f" The signed script is in {decided.script.path}"
    state[SAID] = (True, sentence)


def _record(given: tuple[Standing, ...]) -> None:
    st.subheader("Sign-offs")
    if not given:
        st.markdown("Nobody has decided on this attempt yet.")
    for standing in given:
        signoff = standing.signoff
        with st.container(border=True):
            icon = "🟢" if signoff.decision is Decision.GO else "🛑"
            status = "✅ holds" if standing.holds else f"🚫 **void**: {plain(standing.why)}"
            st.markdown(
                f"{icon} **{signoff.decision}** by **{plain(signoff.person)}** (typed name, not verified), "
                f"{moment(signoff.created_at)}  \n{status}"
            )
            if signoff.comment:
                st.text(signoff.comment)
            st.caption(f"seal `{signoff.seal}`")


def _script(stored: StoredAttempt, given: tuple[Standing, ...]) -> None:
    signed = _signed(stored, given)
    if signed is None:
        st.subheader("The script, not signed")
        st.markdown("This is what a GO would write. As it stands it refuses to run.")
        st.code(preview(stored), language="bash", line_numbers=True)
        return
    st.subheader("The signed script")
    st.markdown("Written when GO was said; it carries the sign-off and verifies the inputs again before it starts.")
    st.code(signed.path, language=None, wrap_lines=True)
    st.download_button(
        "Download the script",
        signed.text,
        file_name=Path(signed.path).name,
        mime="text/x-shellscript",
        on_click="ignore",
    )
    st.caption(f"seal `{signed.seal}`")
    st.code(signed.text, language="bash", line_numbers=True)


def _signed(stored: StoredAttempt, given: tuple[Standing, ...]) -> StoredScript | None:
    """The script of the newest decision, if that is a GO and holds; a NO-GO said after a GO takes it back."""
    if not given or not given[0].holds or given[0].signoff.decision is not Decision.GO:
        return None
    seal = given[0].signoff.seal
    return next((script for script in reversed(stored.scripts) if script.seal == seal), None)
