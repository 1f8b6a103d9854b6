"""The checkpoint page: which launch made the file, does it reach the model, with which mapping, and what is in it."""

import streamlit as st

from aqboard.checks.words import percent
from aqboard.domain.evidence import CheckpointEvidence, LoadEvidence
from aqboard.domain.finding import Stage
from aqboard.signing.lineage import lineage
from aqboard.store import StoredAttempt
from aqboard.web.board import NEXT, opened_store, show_attempt
from aqboard.web.pages.checkpoint_file import show_file
from aqboard.web.parts import attempt_heading, no_evidence, verdicts
from aqboard.web.tables.checkpoint import Row, folded_rows, mapping_rows, missing_rows, share
from aqboard.web.text import code, prose


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Checkpoint")
    verdicts(stored, Stage.CHECKPOINT)
    _origin(stored)
    load, file = stored.evidence(LoadEvidence), stored.evidence(CheckpointEvidence)
    if load:
        _coverage(load, stored.attempt.plan.checkpoint.expected_missing)
        _mapping(load)
    else:
        no_evidence(stored, LoadEvidence.kind, "What reaches the model")
    if file:
        show_file(stored, file)
    else:
        no_evidence(stored, CheckpointEvidence.kind, "What the file holds")


def _origin(stored: StoredAttempt) -> None:
    """Which launch made the file, and whether it was signed here; nothing where the file carries no stamp."""
    with opened_store() as store:
        found = lineage(store, stored)
    if found is None:
        return
    st.subheader("Where it comes from")
    if found.holds:
        st.success(f"**Made by a launch that was signed here.** {prose(found.sentence)}", icon="✅")
    elif found.number is None:
        st.info(f"**Not known here.** {prose(found.sentence)}", icon="❔")
    else:
        st.warning(f"**No sign-off here stands behind it.** {prose(found.sentence)}", icon="⚠️")
    if found.number is not None and st.button(f"Open the launch of attempt {found.number}", key="origin"):
        st.session_state[NEXT] = found.number
        st.switch_page("pages/launch.py")


def _coverage(load: LoadEvidence, expected_missing: tuple[str, ...]) -> None:
    st.subheader("What reaches the model")
    strict = "strict" if load.strict else "not strict: what does not fit is left out silently"
    st.markdown(f"Loaded into {code(load.module)}, {strict}.")
    tensors = share(len(load.loaded), load.checkpoint_tensors)
    st.progress(tensors, f"**{len(load.loaded)} of {load.checkpoint_tensors}** tensors of the file were loaded")
    filled = share(load.loaded_parameters, load.model_parameters)
    st.progress(filled, f"**{percent(filled)}** of the model's {load.model_parameters:,} values came from the file")
    if load.loaded:
        equal = f"**{len(load.bit_equal)} of {len(load.loaded)}** loaded tensors equal the file, bit by bit"
        st.progress(share(len(load.bit_equal), len(load.loaded)), equal)
    if load.error:
        st.markdown("What the loader said:")
        st.code(load.error, language=None, wrap_lines=True)
    _keys("In the file, with no place in the model", folded_rows(load.unexpected), len(load.unexpected))
    _keys("In the model, not filled from the file", missing_rows(load.missing, expected_missing), len(load.missing))
    _keys("Of another shape", [{"tensor": text} for text in load.mismatched], len(load.mismatched))
    _keys("Loaded, but with other values than the file", folded_rows(load.bit_different), len(load.bit_different))


def _keys(title: str, rows: list[Row], count: int) -> None:
    if not rows:
        return
    with st.expander(f"{title}: {count}", expanded=len(rows) <= 12):
        st.dataframe(rows, hide_index=True, width="stretch", key=title, alt=title)


def _mapping(load: LoadEvidence) -> None:
    alignment = load.alignment
    if not alignment.rules and len(alignment.exact) == len(load.loaded):
        return
    st.subheader("The mapping that fits best")
    st.markdown(
        f"**{len(alignment.matched)} of {alignment.checkpoint_tensors}** tensors of the file fit the model by name and "
        f"shape: {len(alignment.exact)} as they are, {len(alignment.remapped)} with the rules below. "
        f"{len(alignment.weak)} weak guesses are reported and never applied."
    )
    if alignment.rules:
        st.dataframe(mapping_rows(alignment), hide_index=True, width="content", key="rules", alt="Mapping rules")
    if alignment.snippet:
        st.markdown("To load with it, paste this into the training:")
        st.code(alignment.snippet, language="python")
