"""What is in the checkpoint file: facts of its training, provenance, settings, values, optimizer, tensors."""

import streamlit as st

from aqboard.domain.attempt import InputFile
from aqboard.domain.checkpoint import HealthReport
from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.evidence_checkpoint import ConfigurationEvidence, HealthEvidence
from aqboard.readers.digest import file_digest
from aqboard.readers.errors import ReadError
from aqboard.readers.guarded import tensor_health
from aqboard.store import StoredAttempt
from aqboard.web.tables.checkpoint import file_facts, health_rows, health_sentence, optimizer_rows, setting_rows
from aqboard.web.text import cell_code, code, plain, prose, table

HEALTH = "Health: NaN, infinite, constant and never trained tensors"


def show_file(stored: StoredAttempt, evidence: CheckpointEvidence) -> None:
    """Show what the file says of itself; long parts are folded."""
    summary = evidence.summary
    st.subheader("What the file says of itself")
    for warning in summary.warnings:
        st.warning(prose(warning))
    facts = file_facts(summary, evidence.integrity)
    st.markdown(table(("", "value"), [(plain(name), cell_code(value)) for name, value in facts]))
    _provenance(evidence)
    _settings(stored)
    if measured := stored.evidence(HealthEvidence):
        with st.expander(HEALTH):
            _report(measured.report)
    else:
        _read_values(stored.attempt.input("checkpoint.path"))
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


def _settings(stored: StoredAttempt) -> None:
    found = stored.evidence(ConfigurationEvidence)
    if found is None or not found.saved or not found.launch:
        return
    checkpoint = stored.attempt.plan.checkpoint
    rows = setting_rows(found, (*found.must_agree, *checkpoint.must_agree), checkpoint.may_differ)
    with st.expander(f"Settings saved in the file that this launch does not have or has otherwise: {len(rows)}"):
        if rows:
            st.dataframe(rows, hide_index=True, width="stretch", key="settings", alt="Settings that differ")
        else:
            st.markdown(f"✅ All {len(found.saved)} saved settings are those of the launch.")


def _read_values(file: InputFile) -> None:
    """For an attempt that did not measure them: the values, read on demand, since a large file takes a while."""
    health = st.expander(HEALTH, on_change="rerun", key="health")
    if not health.open:
        return
    with health, st.spinner("Reading every tensor, in a process of its own ..."):
        try:
            if file_digest(file.path).sha256 != file.sha256:
                st.error(f"{code(file.path)} has changed since this attempt was checked; run the checks again.")
                return
            report = _read_health(str(file.path), file.sha256)
        except ReadError as error:
            st.error(prose(error.message))
            return
        _report(report)


def _report(report: HealthReport) -> None:
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
