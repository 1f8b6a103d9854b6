"""What is at stake when a launch goes wrong, beside what the checks cost. Also for the dialog that waives a check."""

import streamlit as st

from aqboard.launch.cost import CostSummary, fine, number
from aqboard.web.text import plain

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
