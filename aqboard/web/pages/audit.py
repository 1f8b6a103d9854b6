"""The audit page: who did what, whether the log is whole, and all of it to take away."""

import streamlit as st

from aqboard.domain.words import moment, visible
from aqboard.signing.audit import exported, log, verified
from aqboard.store.audit import Entry, detail_of
from aqboard.store.audit_verify import AuditReport
from aqboard.web.board import chosen_number, opened_store
from aqboard.web.text import plain

MOST = 1000
"""Entries in the table; the export has them all."""


def show() -> None:
    """Show the log of this database."""
    st.title("Audit")
    number = chosen_number()
    st.markdown(
        "Every attempt, finding, decision, waiver, script, account, check session and job, in the order it was "
        "written. Each entry holds the hash of the one before and a digest of what it tells of, so a later change is "
        "found and located."
    )
    only = st.toggle(f"Only attempt {number}", key="audit-only")
    with opened_store() as store:
        entries = log(store, most=MOST, subject=f"attempt {number}" if only else "")
    _verify()
    _table(entries)
    st.download_button(
        "Export the whole log (JSON lines)",
        _export,
        file_name="aqboard-audit.jsonl",
        mime="application/jsonl",
        on_click="ignore",
    )


def _verify() -> None:
    if not st.button("Verify the log", type="primary", help="Reads every row that an entry tells of."):
        return
    with st.spinner("Following the chain ..."), opened_store() as store:
        report = verified(store)
    (st.error if report.faults else st.success)(_verdict(report))
    if report.note:
        st.info(report.note, icon="ℹ️")


def _verdict(report: AuditReport) -> str:
    kept = "1 hash" if report.anchors == 1 else f"{report.anchors} hashes"
    compared = f"the log was held against {kept} kept in released scripts"
    if not report.faults:
        return (
            f"**✅ The log is whole**: {report.entries} entries follow each other, what they tell of is as it was "
            f"written, and {compared}.\n\nKeep this outside the database; `aqboard audit verify --anchor` holds the "
            f"log against it:\n\n`{report.entries}:{report.head}`"
        )
    found = "\n".join(f"- {plain(fault.what)}" for fault in report.faults[:50])
    return f"**❌ The log is not what was written** ({len(report.faults)} found; {compared}):\n\n{found}"


def _table(entries: tuple[Entry, ...]) -> None:
    if not entries:
        st.info("No entries.")
        return
    st.dataframe(
        [_row(entry) for entry in entries],
        hide_index=True,
        width="stretch",
        height=min(600, 38 + 35 * len(entries)),
        key="audit",
        alt="The audit log, newest entry first",
        column_config={"no.": st.column_config.NumberColumn(width=50), "what": st.column_config.TextColumn(width=200)},
    )
    if len(entries) == MOST:
        st.caption(f"The newest {MOST} entries; the export has them all.")


def _row(entry: Entry) -> dict[str, str | int]:
    facts = ", ".join(f"{name}: {value}" for name, value in detail_of(entry).items())
    return {
        "no.": entry.seq,
        "when": moment(entry.time),
        "who": visible(entry.actor),
        "identified by": entry.identified_by,
        "did": entry.action,
        "about": entry.subject,
        "what": visible(facts),
        "hash": entry.hash[:8],
    }


def _export() -> bytes:
    with opened_store() as store:
        return "".join(f"{line}\n" for line in exported(store)).encode()
