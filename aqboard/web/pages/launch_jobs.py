"""The launch at Slurm, on the launch page: submit it, follow it, and see what became of it."""

import streamlit as st

from aqboard.domain.evidence.loss import CurveEvidence
from aqboard.domain.job.slurm_job import JobRecord
from aqboard.domain.signing.clearance import Clearance
from aqboard.jobs.follow import log_tail
from aqboard.jobs.rehearse import signed_script
from aqboard.sessions.preflight_reports import refusals
from aqboard.show.jobs import guard_rows, guard_sentences, job_rows, loss_words
from aqboard.store import StoredAttempt
from aqboard.store.jobs import Jobs
from aqboard.web.board import opened_store
from aqboard.web.figures.training import training_figure
from aqboard.web.pages.job_acts import offer_to_act
from aqboard.web.pages.launch_submit import offer_to_submit
from aqboard.web.pages.slurm_talk import EVERY_S, has_message, refreshed, show_message
from aqboard.web.text import plain, prose, row_table

JOB_COLUMNS = ("what", "job", "state", "where it stands", "guard", "submitted")


def show_jobs(stored: StoredAttempt, cleared: Clearance) -> None:
    """Show the section; nothing before there is a signed script or a job."""
    with opened_store() as store:
        records = Jobs(store).of(stored.attempt.uid)
    over = all(record.over for record in records)
    ready = over and signed_script(stored, cleared) is not None
    if not ready and not records:
        return
    st.subheader("At Slurm")
    show_message()
    if ready:
        offer_to_submit(stored, records)
    if records:
        st.fragment(_follow, run_every=None if over else EVERY_S)(stored, over)


def _follow(stored: StoredAttempt, over: bool) -> None:
    """The jobs as they are now; drawn again by itself while one is not over."""
    if has_message():
        st.rerun()  # a click in a fragment draws the fragment alone, and the answer is above it
    with opened_store() as store:
        notes = refreshed(str(store.path), stored.number)
        records = Jobs(store).of(stored.attempt.uid)
    if not over and all(record.over for record in records):
        st.rerun()  # the rest of the page has something to offer now
    for note in notes:
        st.warning(prose(note))
    st.markdown(row_table(job_rows(records), JOB_COLUMNS))
    offer_to_act(records)
    newest = records[0]
    shown = newest if newest.points or newest.verdict else next((r for r in records if r.points or r.verdict), newest)
    _verdict(shown)
    _training(shown, stored)
    _output(newest)


def _verdict(record: JobRecord) -> None:
    for why in refusals(record.submission):
        st.error(f"**Refused before the start.** {prose(why)}")
    verdict = record.verdict
    if verdict is None:
        return
    head, rest = guard_sentences(verdict)
    (st.error if verdict.stopped else st.success)(f"**{plain(head)}.** {plain(rest)}")
    if verdict.checks:
        with st.expander("What the guard saw"):
            st.markdown(row_table(guard_rows(verdict)))


def _training(record: JobRecord, stored: StoredAttempt) -> None:
    if not record.points:
        return
    curves = stored.evidence(CurveEvidence)
    baseline = stored.attempt.plan.baseline
    figure = training_figure(record.points, curves.points if curves else (), baseline)
    losses = loss_words(record)
    said = f"val_loss {losses}" if losses else "no val_loss yet"
    st.markdown(f"**The training of job {record.submission.job}**: {said}; the baseline has {baseline.val_loss:.4f}.")
    st.plotly_chart(figure, width="stretch", key="training", alt=f"Losses of the launch beside the baseline's: {said}")


def _output(record: JobRecord) -> None:
    if text := log_tail(record.submission):
        with st.expander(f"The end of what job {record.submission.job} printed"):
            st.code(record.submission.log, language=None, wrap_lines=True)
            st.code(text, language=None)
