"""The losses page: the baseline's curves, this attempt's first losses, and the loss per candidate cache."""

from collections.abc import Sequence

import streamlit as st

from aqboard.domain.evidence import CurveEvidence, CurvePoint, LossEvidence
from aqboard.domain.finding import Stage
from aqboard.domain.plan import BaselinePlan
from aqboard.store import StoredAttempt
from aqboard.web.board import show_attempt
from aqboard.web.figures.losses import Scale, candidate_figure, loss_figure
from aqboard.web.parts import attempt_heading, no_evidence, verdicts
from aqboard.web.tables.losses import LossRow, candidate_losses, first_losses
from aqboard.web.text import plain, table

FOR_SCALE = ("random init", "persistence")
"""First losses that are drawn beside the candidates, so that their differences have a scale."""


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Losses")
    verdicts(stored, Stage.LOSS)
    baseline = stored.attempt.plan.baseline
    curves, losses = stored.evidence(CurveEvidence), stored.evidence(LossEvidence)
    first = first_losses(losses, baseline) if losses else ()
    if curves is None:
        no_evidence(stored, CurveEvidence.kind, "The baseline's training curve")
    if losses is None:
        no_evidence(stored, LossEvidence.kind, "The first loss")
    if curves or losses:
        _curves(curves.points if curves else (), first, baseline)
    if losses:
        st.markdown(f"Measured on {sum(losses.planned.samples)} validation samples.\n\n{_table(first)}")
        _candidates(candidate_losses(losses, baseline), [row for row in first if row.label in FOR_SCALE], baseline)


@st.fragment
def _curves(points: Sequence[CurvePoint], first: tuple[LossRow, ...], baseline: BaselinePlan) -> None:
    chosen = st.segmented_control("Loss axis", ("log", "linear"), default="log", required=True)
    scale: Scale = "linear" if chosen == "linear" else "log"
    figure = loss_figure(points, first, baseline, scale=scale)
    st.plotly_chart(figure, width="stretch", key="losses", alt=_in_words(first, baseline))


def _in_words(first: tuple[LossRow, ...], baseline: BaselinePlan) -> str:
    parts = [f"baseline {baseline.val_loss:.4f}", *(f"{row.label} {row.mean:.4f}" for row in first)]
    return "Validation losses: " + ", ".join(parts)


def _candidates(rows: tuple[LossRow, ...], scale: Sequence[LossRow], baseline: BaselinePlan) -> None:
    st.subheader("Loss per candidate cache")
    if not rows:
        st.info("The plan names no candidate caches.")
        return
    st.markdown(
        "A loss proves no cache: a wrong one can be harmless, and row-major order can look better than the "
        "truth. The proof is in the content, on the caches page; this only shows how much the choice matters."
    )
    figure = candidate_figure(rows, baseline, scale)
    st.plotly_chart(figure, width="stretch", key="candidates", alt="Loss per candidate cache")
    st.markdown(_table(rows))


def _table(rows: tuple[LossRow, ...]) -> str:
    header = (
        "setting",
        "mean loss",
        "95 % interval",
        "spread over batches",
        "times the baseline",
        "within the limit",
        "note",
    )
    return table(header, [_cells(row) for row in rows])


def _cells(row: LossRow) -> tuple[str, ...]:
    spread = f"{row.spread:.4f}" if row.spread is not None else "one batch"
    within = "✅ yes" if row.within else "❌ no"
    around = f"{row.interval.low:.4f} to {row.interval.high:.4f}" if row.interval else "one batch"
    return (plain(row.label), f"{row.mean:.4f}", around, spread, f"{row.ratio:.2f}", within, plain(row.note))
