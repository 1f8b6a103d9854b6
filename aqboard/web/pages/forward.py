"""The forward page: inputs, the shape of every module's output, and where it goes wrong."""

import streamlit as st

from aqboard.checks.words import shape
from aqboard.domain.evidence import ForwardEvidence
from aqboard.domain.finding import Stage
from aqboard.store import StoredAttempt
from aqboard.web.board import show_attempt
from aqboard.web.parts import attempt_heading, no_evidence, verdicts
from aqboard.web.tables.forward import input_rows, trace_rows


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Forward pass")
    verdicts(stored, Stage.FORWARD)
    evidence = stored.evidence(ForwardEvidence)
    if evidence is None:
        no_evidence(stored, ForwardEvidence.kind, "The forward pass")
        return
    if evidence.error:
        st.markdown("What the model said:")
        st.code(evidence.error, language=None, wrap_lines=True)
    st.subheader("Inputs")
    st.dataframe(input_rows(evidence), hide_index=True, width="content", key="inputs", alt="Inputs and their shapes")
    st.subheader("Shape of every module's output, in order of completion")
    if not evidence.trace:
        st.info("No module had completed when the pass stopped.")
        return
    st.dataframe(trace_rows(evidence), hide_index=True, width="stretch", key="trace", alt="Shape trace")
    if evidence.output:
        finite = "all values finite" if evidence.output_finite else "❌ with NaN or infinite values"
        st.markdown(f"Output `{shape(evidence.output)}`, {finite}, in {evidence.seconds:.2f} s.")
