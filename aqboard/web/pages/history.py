"""The history page: all attempts side by side, and what differs between a few of them."""

from collections.abc import Callable, Sequence

import streamlit as st

from aqboard.store import AttemptRow, StoredAttempt
from aqboard.store.jobs import Jobs
from aqboard.web.board import CHOSEN, all_attempts, opened_store
from aqboard.web.tables.compare import Row, column, finding_differences, input_differences, plan_differences
from aqboard.web.tables.history import SUITE_STAGES, history_rows
from aqboard.web.words import STAGES

MOST_COMPARED = 4
"""Columns that fit a screen beside each other."""

COMPARISONS: tuple[tuple[str, Callable[..., list[Row]]], ...] = (
    ("Verdicts", finding_differences),
    ("Plan", plan_differences),
    ("Input files (SHA-256)", input_differences),
)


COMPARED_WIDTH = 600
"""Pixels shared by the compared attempts, so that all of them are seen beside the column of names."""

COLUMNS = {
    "no.": st.column_config.NumberColumn(pinned=True, width=45),
    "plan": st.column_config.TextColumn(width=160),
    "author": st.column_config.TextColumn(width=110),
    **{STAGES[stage]: st.column_config.TextColumn(width=88) for stage in SUITE_STAGES},
}
"""Widths in pixels; the long texts show in full when their cell is opened."""


def show() -> None:
    """Show every attempt of the database."""
    st.title("History")
    _table(all_attempts())


@st.fragment
def _table(attempts: tuple[AttemptRow, ...]) -> None:
    st.markdown(
        f"{len(attempts)} attempts, newest first. A stage shows its worst verdict. "
        f"Tick one to open it, two to {MOST_COMPARED} to compare them."
    )
    with opened_store() as store:
        launches = Jobs(store).newest()
    event = st.dataframe(
        history_rows(attempts, launches),
        hide_index=True,
        width="stretch",
        height=min(600, 38 + 35 * len(attempts)),
        on_select="rerun",
        selection_mode="multi-row",
        key="history",
        alt="All attempts, one per row",
        column_config=COLUMNS,
    )
    chosen = [attempts[index].number for index in event["selection"]["rows"]]
    if len(chosen) == 1:
        _open(chosen[0])
    elif len(chosen) > MOST_COMPARED:
        st.info(f"{len(chosen)} attempts are ticked; untick some, {MOST_COMPARED} fit beside each other.")
    elif chosen:
        _compare(sorted(chosen))


def _open(number: int) -> None:
    # The picker's state may only be set before the picker is drawn, hence in a callback.
    if st.button(f"Open attempt {number}", type="primary", on_click=_choose, args=(number,)):
        st.switch_page("pages/readiness.py")


def _choose(number: int) -> None:
    st.session_state[CHOSEN] = number


def _count(rows: int, only_different: bool) -> str:
    if not only_different:
        return f"{rows} in all"
    return {0: "no difference", 1: "1 differs"}.get(rows, f"{rows} differ")


def _compare(numbers: Sequence[int]) -> None:
    with opened_store() as store:
        attempts: list[StoredAttempt] = [store.attempt(number) for number in numbers]
    st.subheader("Compared: attempts " + ", ".join(map(str, numbers)))
    only = st.toggle("Differences only", value=True)
    width = COMPARED_WIDTH // len(attempts)
    widths = {column(stored): st.column_config.TextColumn(width=width) for stored in attempts}
    for name, differences in COMPARISONS:
        rows = differences(attempts, only_different=only)
        st.markdown(f"**{name}**: {_count(len(rows), only)}")
        if rows:
            st.dataframe(
                rows,
                hide_index=True,
                width="stretch",
                key=f"compare-{name}",
                alt=f"{name} side by side",
                column_config=widths,
            )
