"""The readiness page: the state, what stands in the way, and the whole checklist. No Plotly here: it opens first."""

import streamlit as st

from aqboard.domain.finding import Finding, Measurement
from aqboard.domain.readiness import Readiness, State
from aqboard.show.checklist import ChecklistLine, ahead, by_stage, checklist, tally
from aqboard.show.words import STAGES, STATE_MEANS, STATES
from aqboard.store import StoredAttempt
from aqboard.web.board import show_attempt
from aqboard.web.parts import attempt_heading
from aqboard.web.text import cell_code, code, plain, prose, table

BANNERS = {State.READY: st.success, State.NOT_READY: st.error, State.INCOMPLETE: st.warning}


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Readiness")
    lines = checklist(stored.attempt.checks, stored.findings)
    _banner(stored.readiness)
    _in_the_way(stored.readiness, lines)
    _checklist(stored, lines)
    _inputs(stored)


def _banner(readiness: Readiness) -> None:
    state = readiness.state
    BANNERS[state](f"# {STATES[state]}\n\n{STATE_MEANS[state]} **{readiness.sentence}**")


def _in_the_way(readiness: Readiness, lines: tuple[ChecklistLine, ...]) -> None:
    todo = ahead(readiness, lines)
    if readiness.state is State.READY:
        st.page_link("pages/launch.py", label="Go on to the launch page, to say GO or NO-GO", icon="🚀")
    if todo.faults or todo.unknown:
        st.subheader("Between here and READY")
        st.markdown("\n".join(_steps((*todo.faults, *todo.unknown))))
    if todo.warnings:
        st.subheader("To look at before a GO")
        st.markdown("\n".join(_steps(todo.warnings)))
    if accepted := tuple(line for line in lines if line.check in readiness.waived):
        st.subheader("Not passed, and accepted by two people")
        st.markdown("\n".join(_steps(accepted)))
        st.page_link("pages/launch.py", label="Who accepted it, why, and until when", icon="✋")


def _steps(lines: tuple[ChecklistLine, ...]) -> list[str]:
    """A numbered Markdown list: what is wrong, and under it what to do."""
    steps = []
    for number, line in enumerate(lines, 1):
        steps.append(f"{number}. {line.face.icon} **{plain(line.title)}** ({line.face.word}): {prose(line.summary)}")
        if line.remedy:
            steps.append(f"    - *What to do:* {prose(line.remedy)}")
    return steps


@st.fragment
def _checklist(stored: StoredAttempt, lines: tuple[ChecklistLine, ...]) -> None:
    st.subheader(f"All {len(lines)} checks")
    for stage, group in by_stage(lines):
        name = STAGES[stage] if stage else "Checks that this version of aqboard does not know"
        with st.container(border=True):
            st.markdown(f"#### {name} :gray[:small[{tally(group)}]]")
            for line in group:
                _check(stored, line)


def _check(stored: StoredAttempt, line: ChecklistLine) -> None:
    verdict, words = st.columns([1, 6])
    verdict.markdown(f"{line.face.icon} **{line.face.word}**")
    with words.container(gap="xxsmall"):
        weight = f" :gray[· {line.weight}]" if line.weight else ""
        remedy = f"  \n*What to do:* {prose(line.remedy)}" if line.remedy else ""
        st.markdown(f"**{plain(line.title)}**{weight}  \n{prose(line.summary)}{remedy}")
        # Most readers open none of these: what is inside is made and sent only when one is opened.
        details = st.expander("Figures and evidence", key=f"details-{line.check}", type="compact", on_change="rerun")
        if details.open:
            with details:
                _details(stored, line)


def _details(stored: StoredAttempt, line: ChecklistLine) -> None:
    if line.question:
        st.markdown(f"{plain(line.question)} ({code(line.check)})")
    if line.finding is None:
        return
    if line.finding.measurements:
        st.markdown(_measurements(line.finding.measurements))
    if line.finding.detail:
        st.markdown("What the program said when it broke:")
        st.code(line.finding.detail, language=None, wrap_lines=True)
    _evidence(stored, line.finding)


def _measurements(measurements: tuple[Measurement, ...]) -> str:
    rows = [(plain(m.name), cell_code(m.value), plain(m.unit), plain(m.limit)) for m in measurements]
    return table(("figure", "value", "unit", "held against"), rows)


def _evidence(stored: StoredAttempt, finding: Finding) -> None:
    for kind in finding.evidence:
        outcome = stored.outcomes.get(kind)
        if outcome is None:
            st.markdown(f"The probe {code(kind)} did not run.")
        elif outcome.evidence is None:
            st.markdown(f"The probe {code(kind)} brought no evidence: {prose(outcome.message)}")
        else:
            st.markdown(f"Evidence {code(kind)}, measured in {outcome.seconds:.1f} s:")
            st.json(outcome.evidence, expanded=1)


@st.fragment
def _inputs(stored: StoredAttempt) -> None:
    frozen = st.expander("The plan and its input files, as frozen for this attempt", key="frozen", on_change="rerun")
    if not frozen.open:
        return  # what colours the plan's text is 1.5 MB, which the browser would fetch unasked
    with frozen:
        rows = [
            (cell_code(file.key), cell_code(file.path), cell_code(file.md5), cell_code(file.sha256[:16]))
            for file in stored.attempt.inputs
        ]
        st.markdown(table(("key in the plan", "file", "MD5", "SHA-256 (head)"), rows))
        st.code(stored.attempt.plan_text, language="yaml")
