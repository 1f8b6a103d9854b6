"""The caches page: which candidates say the same, whatever their MD5, and which is the one of the training."""

import streamlit as st

from aqboard.domain.evidence import CacheEvidence, ScanEvidence
from aqboard.domain.finding import Stage
from aqboard.store import StoredAttempt
from aqboard.web.board import show_attempt
from aqboard.web.pages.cache_hunt import show_hunt
from aqboard.web.pages.cache_pair import show_pair
from aqboard.web.parts import attempt_heading, no_evidence, verdicts
from aqboard.web.tables.caches import candidate_rows, pair_sentences
from aqboard.web.tables.scan import direction_rows
from aqboard.web.text import cell_code, code, plain, prose, table


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Scan caches")
    verdicts(stored, Stage.CACHE)
    if stored.attempt.plan.scan is None:
        st.info(
            "This launch orders no tokens by the wind: its plan has no section `scan`, so there is no cache to check."
        )
        return
    evidence = stored.evidence(CacheEvidence)
    names = ["Candidates", "What differs", "Search", "Order applied"]
    candidates, differences, search, order = st.tabs(names, on_change="rerun", key="cache-tabs")
    # Files are only read again in a tab that somebody opens.
    if evidence is None:
        with candidates:
            no_evidence(stored, CacheEvidence.kind, "The content of the caches")
    else:
        with candidates:
            _candidates(evidence)
        if differences.open:
            with differences:
                show_pair(evidence)
    if search.open:
        with search:
            show_hunt(stored.attempt.plan, evidence)
    if order.open:
        with order:
            _order_applied(stored)


def _order_applied(stored: StoredAttempt) -> None:
    """What the model does with the cache, told from its orders and not from its settings."""
    verdicts(stored, Stage.SCAN)
    evidence = stored.evidence(ScanEvidence)
    if evidence is None:
        no_evidence(stored, ScanEvidence.kind, "The order that the model applies")
        return
    rules = " or ".join(evidence.rules_in_force) or "none that is known"
    st.markdown(f"Rule in force under {evidence.samples} real wind fields: **{rules}**. {evidence.tokens} tokens.")
    rows = direction_rows(evidence)
    st.dataframe(rows, hide_index=True, width="stretch", key="directions", alt="Order applied per wind direction")


def _candidates(evidence: CacheEvidence) -> None:
    st.markdown(
        "An **MD5** tells whether two files have the same bytes. The **content digest** tells whether they hold the "
        "same scan orders, which is all that a model sees. The same letter means the same digest."
    )
    st.dataframe(
        candidate_rows(evidence),
        hide_index=True,
        width="stretch",
        key="candidates",
        alt="Candidate caches with MD5 group and content group",
    )
    for refused in evidence.groups.unreadable:
        st.warning(f"{code(refused.path)} cannot be read ({code(refused.code)}): {prose(refused.message)}")
    if evidence.trained_with:
        st.markdown(f"Content digest recorded by the training: {code(evidence.trained_with)}")
    else:
        st.info("The checkpoint does not record which cache it was trained with; only the generator's can be told.")
    pairs = pair_sentences(evidence.groups.facts)
    if pairs:
        st.subheader("Pair by pair")
        rows = [(cell_code(one), cell_code(other), plain(sentence)) for one, other, sentence in pairs]
        st.markdown(table(("this", "and this", "are"), rows))
