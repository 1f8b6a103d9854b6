"""What a person does about a job on the launch page: cancel it, or say how it ended once Slurm has forgotten it."""

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.job.slurm_job import UNKNOWN, End, JobRecord
from aqboard.domain.signing.identity import Identity
from aqboard.jobs.follow import cancel
from aqboard.jobs.job_words import SAID
from aqboard.jobs.settle import settle
from aqboard.signing.installation import installation
from aqboard.web.board import opened_store
from aqboard.web.pages.identity import may_act, name_field, signed_in
from aqboard.web.pages.slurm_talk import acting_person, refreshed, slurm, tell, tell_error
from aqboard.web.words import job_face

CANCELS = "launch-cancels"
"""Session key of the name of whoever cancels, where names are typed."""


def offer_to_act(records: Sequence[JobRecord]) -> None:
    """The forms for the jobs that are not over."""
    open_ones = [record for record in records if not record.over]
    if not open_ones:
        return
    person = signed_in(here := installation())
    if not may_act(here, person):
        st.info("Sign in above to cancel a job, or to say how a forgotten one ended.")
        return
    for record in open_ones:
        if record.state == UNKNOWN:
            _settle_form(record, person)
    _cancel_buttons(open_ones, person)


def _cancel_buttons(records: Sequence[JobRecord], person: Identity | None) -> None:
    with st.popover("Cancel ..."):
        st.markdown("A job that is cancelled is lost; a launch that waits for a cancelled canary is dropped.")
        name_field(person, CANCELS)
        for record in records:
            job = record.submission.job
            st.button(
                f"Cancel the {record.submission.role}, job {job}", on_click=_cancel, args=(job,), key=f"cancel-{job}"
            )


def _cancel(job: str) -> None:
    try:
        with opened_store() as store:
            cancel(store, job, slurm(), person=acting_person(CANCELS))
    except AqboardError as error:
        tell_error(error)
        return
    refreshed.clear()
    tell(True, f"Slurm was asked to cancel job {job}.")


def _settle_form(record: JobRecord, person: Identity | None) -> None:
    job = record.submission.job
    keys = {name: f"settle-{name}-{job}" for name in ("person", "end", "reason")}
    with st.form(f"settle-{job}"):
        st.markdown(
            f"**How did the {record.submission.role}, job {job}, end?** Slurm does not know it any more, so it stands "
            "in the way of the next one until somebody says. It is recorded with the name; Slurm is asked once more."
        )
        name_field(person, keys["person"])
        st.radio("End", get_args(End), index=None, key=keys["end"], format_func=_end, horizontal=True)
        st.text_input("How you know", key=keys["reason"], max_chars=2000, placeholder="e.g. the log ends with ...")
        st.form_submit_button("Record how it ended", on_click=_settle, args=(job, keys))


def _end(state: End) -> str:
    return f"{job_face(state).icon} {SAID[state]}"


def _settle(job: str, keys: dict[str, str]) -> None:
    state = st.session_state
    if state[keys["end"]] is None:
        tell(False, "Nothing was recorded: choose how the job ended.")
        return
    try:
        with opened_store() as store:
            person = acting_person(keys["person"])
            said = settle(store, job, slurm(), person=person, state=state[keys["end"]], reason=state[keys["reason"]])
    except AqboardError as error:
        tell_error(error)
        return
    tell(True, f"Job {job} {SAID[said.state]}, because {said.person} says so. The launch can be submitted again.")
