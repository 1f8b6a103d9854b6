"""The form on the launch page that submits the signed script, or only asks Slurm whether it would take it."""

import shutil

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.job.slurm_job import JobRecord
from aqboard.jobs.rehearse import Rehearsal, rehearse
from aqboard.jobs.submit import submit
from aqboard.signing.installation import installation
from aqboard.store import StoredAttempt
from aqboard.web.board import opened_store
from aqboard.web.pages.identity import may_act, name_field, signed_in
from aqboard.web.pages.slurm_talk import acting_person, slurm, tell, tell_error


def offer_to_submit(stored: StoredAttempt, before: tuple[JobRecord, ...]) -> None:
    """Show the form, or what to type where there is no Slurm. `before`: the attempt's jobs so far, newest first."""
    number, cluster = stored.number, stored.attempt.plan.cluster
    if shutil.which("sbatch") is None:
        st.info("This machine has no Slurm. On a login node of the cluster, with this database, type:")
        st.code(f"aqboard launch {number}", language="bash")
        return
    if before and before[0].verdict and before[0].verdict.stopped:
        st.warning("The guard stopped the last job. The same launch will most likely be stopped again.")
    person = signed_in(here := installation())
    if not may_act(here, person):
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
            parts = rehearse(store.attempt(number), slurm(), canary=_with_canary(keys))
    except AqboardError as error:
        tell_error(error)
        return
    tell(not any(part.faults for part in parts), *map(_in_words, parts))


def _submit(number: int, keys: dict[str, str]) -> None:
    try:
        with opened_store() as store:
            person = acting_person(keys["person"])
            taken = submit(store, number, slurm(), person=person, canary=_with_canary(keys))
    except AqboardError as error:
        tell_error(error)
        return
    tell(True, *(f"The {part.role} is job {part.job}." for part in taken))


def _with_canary(keys: dict[str, str]) -> bool:
    return bool(st.session_state.get(keys["canary"], True))


def _in_words(part: Rehearsal) -> str:
    return " ".join(part.faults) or f"The {part.role}: {part.words} Nothing was submitted."
