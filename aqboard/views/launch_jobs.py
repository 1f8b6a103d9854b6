"""The launch at Slurm, on the launch page: submit it, follow it, cancel it."""

import shutil
from pathlib import Path

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.evidence import CurveEvidence
from aqboard.domain.identity import Identity
from aqboard.domain.job import JobRecord
from aqboard.slurm import Slurm
from aqboard.store import Store, StoredAttempt
from aqboard.store.jobs import Jobs
from aqboard.views.board import opened_store
from aqboard.views.figures.training import training_figure
from aqboard.views.identity import acting, name_field, signed_in
from aqboard.views.parts import say
from aqboard.views.tables.jobs import check_table, job_table, verdict_sentence
from aqboard.views.text import plain
from aqboard.workflow.follow import cancel, log_tail, refresh
from aqboard.workflow.identify import somebody
from aqboard.workflow.installation import installation
from aqboard.workflow.job_words import refusals
from aqboard.workflow.rehearse import Refused, Rehearsal, rehearse, signed_script
from aqboard.workflow.submit import submit

SAID = "launch-said"
"""Session key of what became of the last thing asked of Slurm: (good, sentences). Shown once."""

CANCELS = "launch-cancels"
"""Session key of the name of whoever cancels, where names are typed."""

EVERY_S = 15
"""While a job is not over the page asks again this often, and Slurm is asked once for everybody who looks."""

PATIENCE_S = 30.0
"""A page waits shorter for Slurm than the command line does."""


def show_jobs(stored: StoredAttempt) -> None:
    """Show the section; nothing before there is a signed script or a job."""
    with opened_store() as store:
        records = Jobs(store).of(stored.attempt.uid)
    ready = signed_script(stored) is not None and all(record.over for record in records)
    if not ready and not records:
        return
    st.subheader("At Slurm")
    _answer()
    if ready:
        _offer(stored, records)
    if records:
        every = EVERY_S if any(not record.over for record in records) else None
        st.fragment(_follow, run_every=every)(stored)


def _answer() -> None:
    good, sentences = st.session_state.pop(SAID, (True, ()))
    for sentence in sentences:
        say(good, sentence)


def _offer(stored: StoredAttempt, before: tuple[JobRecord, ...]) -> None:
    """The form that submits."""
    number, cluster = stored.number, stored.attempt.plan.cluster
    if shutil.which("sbatch") is None:
        st.info("This machine has no Slurm. On a login node of the cluster, with this database, type:")
        st.code(f"aqboard launch {number}", language="bash")
        return
    if before and before[0].verdict and before[0].verdict.stopped:
        st.warning("The guard stopped the last job. The same launch will most likely be stopped again.")
    person = signed_in(here := installation())
    if here.mode != "single-user" and person is None:
        st.info("Sign in above to submit.")
        return
    keys = {name: f"launch-{name}-{number}" for name in ("person", "canary")}
    with st.form(f"launch-{number}"):
        name_field(person, keys["person"])
        if cluster.canary:
            told = f"With the canary: {cluster.canary.nodes} nodes for {cluster.canary.time} first"
            st.checkbox(told, value=True, key=keys["canary"])
        ask, go = st.columns(2)
        with ask:
            st.form_submit_button("Ask Slurm, submit nothing", on_click=_ask, args=(number, keys), width="stretch")
        with go:
            label = f"{'Submit again' if before else 'Submit'}: {cluster.gpus} GPUs"
            st.form_submit_button(label, type="primary", on_click=_submit, args=(number, keys), width="stretch")


def _ask(number: int, keys: dict[str, str]) -> None:
    """Called before the page is drawn again, so that it shows the answer."""
    try:
        with opened_store() as store:
            parts = rehearse(store.attempt(number), _slurm(), canary=_with_canary(keys))
    except AqboardError as error:
        _say(error)
        return
    good = not any(part.faults for part in parts)
    st.session_state[SAID] = (good, tuple(_told(part) for part in parts))


def _submit(number: int, keys: dict[str, str]) -> None:
    try:
        with opened_store() as store:
            person = _acting(keys["person"])
            taken = submit(store, number, _slurm(), person=person, canary=_with_canary(keys))
    except AqboardError as error:
        _say(error)
        return
    st.session_state[SAID] = (True, tuple(f"The {part.role} is job {part.job}." for part in taken))


def _acting(name_key: str) -> Identity:
    return somebody(acting(name_key))


def _with_canary(keys: dict[str, str]) -> bool:
    return bool(st.session_state.get(keys["canary"], True))


def _say(error: AqboardError) -> None:
    reasons = error.reasons if isinstance(error, Refused) else (error.message,)
    st.session_state[SAID] = (False, reasons)


def _told(part: Rehearsal) -> str:
    faults = " ".join(part.faults)
    return faults or f"The {part.role}: {part.words} Nothing was submitted."


def _slurm() -> Slurm:
    return Slurm(timeout_s=PATIENCE_S)


def _follow(stored: StoredAttempt) -> None:
    """The jobs as they are now; drawn again by itself while one is not over."""
    with opened_store() as store:
        notes = _refreshed(str(store.path), stored.number)
        records = Jobs(store).of(stored.attempt.uid)
    for note in notes:
        st.warning(plain(note))
    st.markdown(job_table(records))
    _offer_to_cancel([record for record in records if not record.over])
    newest = records[0]
    shown = newest if newest.points or newest.verdict else next((r for r in records if r.points or r.verdict), newest)
    _verdict(shown)
    _training(shown, stored)
    _output(newest)


@st.cache_data(ttl=EVERY_S - 5, show_spinner=False)
def _refreshed(path: str, number: int) -> tuple[str, ...]:
    """Ask Slurm and read the logs, once for everybody who looks; what could not be found out."""
    with Store(Path(path)) as store:
        return refresh(store, store.attempt(number), _slurm()).notes


def _offer_to_cancel(records: list[JobRecord]) -> None:
    if not records:
        return
    with st.popover("Cancel ..."):
        st.markdown("A job that is cancelled is lost; a launch that waits for a cancelled canary is dropped.")
        person = signed_in(here := installation())
        if here.mode != "single-user" and person is None:
            st.info("Sign in above to cancel.")
            return
        name_field(person, CANCELS)
        for record in records:
            job = record.submission.job
            st.button(
                f"Cancel the {record.submission.role}, job {job}", on_click=_cancel, args=(job,), key=f"cancel-{job}"
            )


def _cancel(job: str) -> None:
    try:
        with opened_store() as store:
            cancel(store, job, _slurm(), person=_acting(CANCELS))
    except AqboardError as error:
        _say(error)
        return
    _refreshed.clear()
    st.session_state[SAID] = (True, (f"Slurm was asked to cancel job {job}.",))


def _verdict(record: JobRecord) -> None:
    for why in refusals(record.submission):
        st.error(f"**Refused before the start.** {plain(why)}")
    verdict = record.verdict
    if verdict is None:
        return
    (st.error if verdict.stopped else st.success)(verdict_sentence(verdict))
    if verdict.checks:
        with st.expander("What the guard saw"):
            st.markdown(check_table(verdict))


def _training(record: JobRecord, stored: StoredAttempt) -> None:
    if not record.points:
        return
    curves = stored.evidence(CurveEvidence)
    baseline = stored.attempt.plan.baseline
    figure = training_figure(record.points, curves.points if curves else (), baseline)
    losses = [point.val_loss for point in record.points if point.val_loss is not None]
    said = f"val_loss {losses[0]:.4f} first, {losses[-1]:.4f} last" if losses else "no val_loss yet"
    st.markdown(f"**The training of job {record.submission.job}**: {said}; the baseline has {baseline.val_loss:.4f}.")
    st.plotly_chart(figure, width="stretch", key="training", alt=f"Losses of the launch beside the baseline's: {said}")


def _output(record: JobRecord) -> None:
    if text := log_tail(record.submission):
        with st.expander(f"The end of what job {record.submission.job} printed"):
            st.code(record.submission.log, language=None, wrap_lines=True)
            st.code(text, language=None)
