"""The checkpoint page: does the file reach the model, which mapping would, and what does the file say of itself."""

import streamlit as st

from aqboard.artefacts.digest import file_digest
from aqboard.artefacts.errors import ReadError
from aqboard.artefacts.guarded import tensor_health
from aqboard.checks.words import percent
from aqboard.domain.attempt import InputFile
from aqboard.domain.checkpoint import HealthReport
from aqboard.domain.evidence import CheckpointEvidence, LoadEvidence
from aqboard.store import StoredAttempt
from aqboard.views.board import show_attempt
from aqboard.views.parts import attempt_heading, no_evidence, verdicts
from aqboard.views.tables.checkpoint import (
    Row,
    file_facts,
    folded_rows,
    health_rows,
    health_sentence,
    mapping_rows,
    missing_rows,
    optimizer_rows,
    share,
)
from aqboard.views.text import cell_code, code, plain, table


def show() -> None:
    """Show the page for the chosen attempt."""
    show_attempt(_body)


def _body(stored: StoredAttempt) -> None:
    attempt_heading(stored, "Checkpoint")
    verdicts(stored, "checkpoint.intact", "checkpoint.coverage", "checkpoint.bitwise", "checkpoint.settings")
    load, file = stored.evidence(LoadEvidence), stored.evidence(CheckpointEvidence)
    if load:
        _coverage(load, stored.attempt.plan.checkpoint.expected_missing)
        _mapping(load)
    else:
        no_evidence(stored, LoadEvidence.kind, "What reaches the model")
    if file:
        _file(stored, file)
    else:
        no_evidence(stored, CheckpointEvidence.kind, "What the file holds")


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


def _file(stored: StoredAttempt, evidence: CheckpointEvidence) -> None:
    summary = evidence.summary
    st.subheader("What the file says of itself")
    for warning in summary.warnings:
        st.warning(plain(warning))
    facts = file_facts(summary, evidence.integrity)
    st.markdown(table(("", "value"), [(plain(name), cell_code(value)) for name, value in facts]))
    _provenance(evidence)
    _health(stored.attempt.input("checkpoint.path"))
    if groups := optimizer_rows(summary):
        with st.expander(f"Optimizer: {len(groups)} parameter groups"):
            st.dataframe(groups, hide_index=True, width="content", key="optimizers", alt="Optimizer groups")
    for title, value in (("Hyper-parameters", summary.hyper_parameters), ("Callbacks", summary.callbacks)):
        if value:
            with st.expander(f"{title}, as saved"):
                st.json(value, expanded=2)
    with st.expander(f"All {len(summary.tensors)} tensors"):
        rows = [
            {"tensor": key, "shape": str(list(spec.shape)), "dtype": spec.dtype, "values": spec.numel}
            for key, spec in summary.tensors.items()
        ]
        st.dataframe(rows, hide_index=True, width="stretch", key="tensors", alt="All tensors of the checkpoint")


def _health(file: InputFile) -> None:
    """The values of every tensor, read on demand: a large file takes a while."""
    health = st.expander("Health: NaN, infinite, constant and never trained tensors", on_change="rerun", key="health")
    if not health.open:
        return
    with health, st.spinner("Reading every tensor, in a process of its own ..."):
        try:
            if file_digest(file.path).sha256 != file.sha256:
                st.error(f"{code(file.path)} has changed since this attempt was checked; run the checks again.")
                return
            report = _read_health(str(file.path), file.sha256)
        except ReadError as error:
            st.error(plain(error.message))
            return
        st.markdown(health_sentence(report))
        if rows := health_rows(report):
            st.dataframe(rows, hide_index=True, width="stretch", key="unhealthy", alt="Tensors to look at")


@st.cache_resource(max_entries=8, show_spinner=False)
def _read_health(path: str, sha256: str) -> HealthReport:
    """Once per content: the digest is there to be part of the key."""
    return tensor_health(path)


def _provenance(evidence: CheckpointEvidence) -> None:
    if evidence.provenance is None:
        st.info(
            "The file carries no provenance: it does not say with which scan cache, scan rule and normalisation it was "
            "trained. Add the Provenance callback to the training, so that the next checkpoint does."
        )
        return
    with st.expander("Provenance: how it was trained", expanded=True):
        st.json(evidence.provenance, expanded=2)
