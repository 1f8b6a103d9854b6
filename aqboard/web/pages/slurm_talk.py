"""Asking Slurm from a page: how long it may take, whose word it is, and telling what came of it."""

from pathlib import Path

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.domain.identity import Identity
from aqboard.jobs.follow import refresh
from aqboard.jobs.rehearse import Refused
from aqboard.jobs.slurm import Slurm
from aqboard.signing.identify import somebody
from aqboard.store import Store
from aqboard.web.pages.identity import acting
from aqboard.web.parts import say

SAID = "launch-said"
"""Session key of what became of the last thing asked of Slurm: (good, sentences). Shown once."""

EVERY_S = 15
"""While a job is not over the page asks again this often, and Slurm is asked once for everybody who looks."""

PATIENCE_S = 30.0
"""A page waits shorter for Slurm than the command line does."""


def slurm() -> Slurm:
    """Slurm, with a page's patience."""
    return Slurm(timeout_s=PATIENCE_S)


@st.cache_data(ttl=EVERY_S - 5, show_spinner=False)
def refreshed(path: str, number: int) -> tuple[str, ...]:
    """Ask Slurm and read the logs, once for everybody who looks; what could not be found out."""
    with Store(Path(path)) as store:
        return refresh(store, store.attempt(number), slurm()).notes


def acting_person(name_key: str) -> Identity:
    """Who sends a form; raises IdentityError as `acting` does, and for a typed name that is none."""
    return somebody(acting(name_key))


def tell(good: bool, *sentences: str) -> None:
    """Keep what is to be told when the page is drawn next."""
    st.session_state[SAID] = (good, sentences)


def tell_error(error: AqboardError) -> None:
    """Keep why it was not done, every reason for itself."""
    tell(False, *(error.reasons if isinstance(error, Refused) else (error.message,)))


def has_message() -> bool:
    """Whether something was kept and not shown yet."""
    return SAID in st.session_state


def show_message() -> None:
    """Show what was kept, once."""
    good, sentences = st.session_state.pop(SAID, (True, ()))
    for sentence in sentences:
        say(good, sentence)
