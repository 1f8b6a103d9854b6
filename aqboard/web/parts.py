"""Pieces that several pages show the same way."""

import streamlit as st

from aqboard.domain.finding import Stage
from aqboard.domain.session.events import ProbeOutcome
from aqboard.domain.words import moment
from aqboard.launch.cost import CostSummary, fine, number
from aqboard.show.checklist import ChecklistLine, checklist
from aqboard.show.words import STATES
from aqboard.store import StoredAttempt
from aqboard.web.text import code, plain, prose

UNKNOWN = "not known"


def show_stakes(found: CostSummary) -> None:
    """Four figures side by side, and under them what they are made of."""
    job, epoch, checks = found.job, found.epoch, found.checks
    st.markdown("**At stake**")
    hour, pass_, whole, looked = st.columns(4)
    held = checks.gpu_hours if checks else None
    hour.metric("GPU-hours per hour", number(job.gpus), border=True)
    pass_.metric("GPU-hours per epoch", fine(epoch.gpu_hours) if epoch else UNKNOWN, border=True)
    whole.metric(f"GPU-hours in all {number(job.hours)} h", number(job.gpu_hours), border=True)
    looked.metric("GPU-hours of the checks", UNKNOWN if held is None else fine(held), border=True)
    billed = (
        f"Billed {number(job.billed_per_hour)} {job.unit} per hour, {number(job.billed)} in all."
        if job.billed is not None and job.billed_per_hour is not None
        else "How the centre bills these is not known."
    )
    st.caption(plain(f"{billed} {found.epoch_sentence} {found.checks_sentence}"))


def attempt_heading(stored: StoredAttempt, title: str) -> None:
    """The page's title, and under it which attempt it is about and its state."""
    attempt = stored.attempt
    st.title(title)
    st.markdown(
        f"Attempt **{stored.number}** · **{plain(attempt.name)}** · {STATES[stored.readiness.state]} · "
        f"planned by {plain(attempt.plan.author)} · checked {moment(attempt.created_at)} on {plain(attempt.host)}"
    )
    if attempt.plan.description:
        st.caption(plain(attempt.plan.description))


def say(accepted: bool, sentence: str) -> None:
    """What became of what somebody sent."""
    if accepted:
        st.success(prose(sentence), icon="✅")
    else:
        st.error(prose(sentence), icon="❌")


def verdicts(stored: StoredAttempt, stage: Stage) -> None:
    """What the checks of a stage say, one item each; the pages show them above the evidence they rest on."""
    lines = [line for line in checklist(stored.attempt.checks, stored.findings) if line.stage == stage]
    st.markdown("\n".join(map(_item, lines)))


def _item(line: ChecklistLine) -> str:
    remedy = f"  \n  *What to do:* {prose(line.remedy)}" if line.remedy else ""
    return f"- {line.face} · **{plain(line.title)}**: {prose(line.summary)}{remedy}"


def no_evidence(stored: StoredAttempt, kind: str, what: str) -> None:
    """Say why there is nothing to draw: the probe did not run, was not possible, or broke."""
    outcome: ProbeOutcome | None = stored.outcomes.get(kind)
    if outcome is None:
        st.info(f"{what} was not measured in this attempt: the probe {code(kind)} did not run.")
        return
    st.warning(f"{what} is not known: the probe {code(kind)} brought no evidence. {prose(outcome.message)}")
    if outcome.detail:
        with st.expander("What the program said when it broke"):
            st.code(outcome.detail, language=None, wrap_lines=True)
