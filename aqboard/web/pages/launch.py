"""The launch page: what would be submitted, what stands in the way, who is asked and who has said what, the script."""

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.identity import ANY, Identity
from aqboard.domain.plan.policy import Policy
from aqboard.domain.signing.case import ClearanceInputs, refusal
from aqboard.domain.signing.clearance import Clearance, OpenStep, SignoffStatus, clearance
from aqboard.domain.signing.seats import ApprovalSlot
from aqboard.domain.signing.signoff import Decision
from aqboard.domain.words import moment
from aqboard.jobs.rehearse import signed_script
from aqboard.launch.cost import stakes
from aqboard.launch.profile import load_profile, profile_faults
from aqboard.show.jobs import plan_facts
from aqboard.show.words import SIGNED
from aqboard.signing.clearance import case_of
from aqboard.signing.decide import decide, preview
from aqboard.signing.installation import Installation, installation
from aqboard.store import StoredAttempt
from aqboard.web.board import opened_store, show_attempt
from aqboard.web.pages import waivers
from aqboard.web.pages.identity import acting, how, may_act, name_field, sign_in, sign_out, signed_in
from aqboard.web.pages.launch_jobs import show_jobs
from aqboard.web.pages.waivers import SAID
from aqboard.web.parts import attempt_heading, say, show_stakes
from aqboard.web.text import cell_code, code, plain, prose, table


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Launch")
    _answer()
    here = installation()
    person = signed_in(here)
    _summary(stored)
    with st.spinner("Reading the input files, to see whether one has changed ..."):
        case = case_of(stored, here)
    cleared = clearance(case, datetime.now(UTC))
    _between(cleared)
    form, record = st.columns(2, gap="large")
    with form:
        _form(case, stored.number, cleared, here, person)
    with record:
        _seats(case.policy, cleared)
        _record(cleared.standings)
    waivers.show(stored, person, may_act=may_act(here, person))
    show_jobs(stored, cleared)
    _script(stored, cleared)


def _answer() -> None:
    """What became of the decision just sent."""
    accepted, sentence = st.session_state.pop(SAID, (True, ""))
    if sentence:
        say(accepted, sentence)


def _summary(stored: StoredAttempt) -> None:
    cluster = stored.attempt.plan.cluster
    st.subheader("What would be submitted")
    st.markdown(f"**{cluster.nodes} nodes x {cluster.gpus_per_node} GPUs = {cluster.gpus} GPUs**")
    for fault in profile_faults():
        st.caption(prose(fault))
    show_stakes(stakes(stored.attempt.plan, load_profile(cluster.profile), stored.outcomes))
    st.markdown(table(("setting", "value"), [(plain(name), cell_code(value)) for name, value in plan_facts(cluster)]))


def _between(cleared: Clearance) -> None:
    """What stands between here and the launch, all of it, in one place."""
    missing = [step for step in cleared.between if step not in cleared.obstacles]
    if cleared.obstacles:
        st.error("**⛔ GO is not possible now**\n\n" + "\n".join(map(_step, cleared.obstacles)))
    elif missing:
        st.info(
            "**✅ GO is possible**: every check that can block passed or is waived, and no input file has changed "
            "since. Between here and the launch:\n\n" + "\n".join(map(_step, missing))
        )
    else:
        until = f" It holds until {moment(cleared.until)}." if cleared.until else ""
        st.success(f"**✅ Nothing stands between here and the launch**: everybody who is asked has said GO.{until}")


def _step(step: OpenStep) -> str:
    remedy = f"  \n  *What to do:* {prose(step.remedy)}" if step.remedy else ""
    return f"- {prose(step.what)}{remedy}"


def _form(case: ClearanceInputs, number: int, cleared: Clearance, here: Installation, person: Identity | None) -> None:
    st.subheader("Decide")
    if not may_act(here, person):
        sign_in(here)
        return
    keys = {name: f"{name}-{number}" for name in ("person", "decision", "comment")}
    why = refusal(case, person) if person else ""
    if why:
        st.warning(prose(f"Your GO is not possible: {why}"))
    with st.form(f"signoff-{number}"):
        name_field(person, keys["person"])
        allowed = [Decision.NO_GO.value] if cleared.obstacles or why else [Decision.GO.value, Decision.NO_GO.value]
        st.radio("Decision", allowed, index=None, key=keys["decision"], horizontal=True)
        st.text_area("Comment", key=keys["comment"], max_chars=4000, placeholder="Why? For the next person who asks.")
        st.form_submit_button("Record the decision", type="primary", on_click=_decide, args=(number, keys))
    if person:
        sign_out(here, person)


def _decide(number: int, keys: dict[str, str]) -> None:
    """Record what the form says; called before the page is drawn again, so that it shows the result."""
    state = st.session_state
    if not state[keys["decision"]]:
        state[SAID] = (False, "Nothing was recorded: choose a decision first.")
        return
    decision = Decision(state[keys["decision"]])
    try:
        with opened_store() as store:
            person = acting(keys["person"])
            decided = decide(store, number, person=person, decision=decision, comment=state[keys["comment"]])
    except AqboardError as error:
        state[SAID] = (False, error.message)
        return
    sentence = f"{decision} by {decided.signoff.person} is recorded."
    if decided.script:
        sentence += f" The signed script is in `{decided.script.path}`"
    elif decision is Decision.GO:
        sentence += " " + " ".join(step.what for step in decided.between)
    state[SAID] = (True, sentence)
    state[keys["decision"]], state[keys["comment"]] = None, ""  # so that a second click says nothing twice


def _seats(policy: Policy, cleared: Clearance) -> None:
    """Who is asked, and who has said GO."""
    st.subheader("Who is asked")
    st.markdown("\n".join(map(_seat, cleared.seats)))
    st.caption(plain(policy.sentence))


def _seat(seat: ApprovalSlot) -> str:
    who = "one person" if seat.role == ANY else f"one person with the role **{plain(seat.role)}**"
    said = seat.taken_by
    return f"- {who}: " + (f"✅ GO by **{plain(said.person)}**" if said else "⬜ missing")


def _record(given: tuple[SignoffStatus, ...]) -> None:
    st.subheader("Sign-offs")
    if not given:
        st.markdown("Nobody has decided on this attempt yet.")
    for standing in given:
        _signoff(standing)


def _signoff(standing: SignoffStatus) -> None:
    signoff = standing.signoff
    with st.container(border=True):
        icon = "🟢" if signoff.decision is Decision.GO else "🛑"
        known = SIGNED[signoff.identified_by] + (f", role {', '.join(signoff.roles)}" if signoff.roles else "")
        own = " · **the attempt's author**" if standing.own else ""
        if signoff.decision is Decision.NO_GO:
            status = "ends every GO before it"
        else:
            status = "✅ holds" if standing.holds else f"🚫 **void**: {plain(standing.why)}"
        st.markdown(
            f"{icon} **{signoff.decision}** by **{plain(signoff.person)}** ({plain(known)}){own}, "
            f"{moment(signoff.created_at)}  \n{status}",
            help=how(signoff.identified_by),
        )
        if signoff.comment:
            st.text(signoff.comment)
        st.markdown(f":small[seal `{signoff.seal}`]")


def _script(stored: StoredAttempt, cleared: Clearance) -> None:
    signed = signed_script(stored, cleared)
    if signed is None:
        _taken_back(stored)
        st.subheader("The script, not signed")
        st.markdown("This is what the last GO would write. As it stands it refuses to run.")
        st.code(preview(stored), language="bash", line_numbers=True)
        return
    st.subheader("The signed script")
    st.markdown("Written when the last GO was said; it carries the sign-offs and verifies the inputs before it starts.")
    st.code(signed.path, language=None, wrap_lines=True)
    st.download_button(
        "Download the script",
        signed.text,
        file_name=Path(signed.path).name,
        mime="text/x-shellscript",
        on_click="ignore",
    )
    st.markdown(f":small[seal `{signed.seal}`]")
    st.code(signed.text, language="bash", line_numbers=True)


def _taken_back(stored: StoredAttempt) -> None:
    """Say so when a script that no longer counts still lies where somebody could submit it."""
    if lying := sorted({script.path for script in stored.scripts if Path(script.path).exists()}):
        st.warning(
            f"A script that was let out before no longer counts: {code(lying[0])}. Do not submit it; "
            "a NO-GO takes it out of reach."
        )
