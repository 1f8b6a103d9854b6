"""The page where checks are run, before there is any attempt: what a plan is, where it may lie, what to type."""

import os
import shlex

import streamlit as st

from aqboard.location import VARIABLE, default_database, project_folder
from aqboard.signing.installation import installation
from aqboard.web.pages.identity import signed_in
from aqboard.web.pages.run_start import offer_plans, show_answer, show_person
from aqboard.web.tables.hunt import ROOTS_VARIABLE, allowed_roots
from aqboard.web.text import code

EXAMPLE = project_folder() / "data" / "demo" / "fixed.yaml"


def show_first() -> None:
    """Show how to come to a first attempt: by the demo, from a plan file here, or in a terminal."""
    st.title("Run checks")
    st.markdown(
        "Nothing has been checked yet. Checks are run on a **plan**: one page of YAML that names the model, the "
        "checkpoint, the caches and the data of a launch, the run it starts from, and the cluster. Checking it makes "
        "an **attempt**, which every page of this board then shows."
    )
    demo, own = st.columns(2, gap="large")
    with demo:
        st.subheader("See it work")
        st.markdown(
            "The demo really checks two launches of a small trained model: one as its team had it, one with the "
            "mistakes mended. In a terminal with aqboard's environment, about a minute:"
        )
        st.code(_command("demo"), language="bash", wrap_lines=True)
    with own:
        st.subheader("Check your own launch")
        st.markdown("Copy the complete plan below, change what is yours, and in a terminal:")
        st.code(_command("check PLAN.yaml"), language="bash", wrap_lines=True)
        st.markdown("Your own model needs ten lines of Python beside it; `aqboard target new FOLDER` writes a starter.")
    st.button("Look again", help="Read the database once more.")
    _plans_here()
    with st.expander("A complete plan"):
        st.code(EXAMPLE.read_text(encoding="utf-8"), language="yaml")
        st.caption(f"It is {code(EXAMPLE)}")
    st.caption(f"This board shows {code(default_database())}. The variable {code(VARIABLE)} names another.")


def _plans_here() -> None:
    """Offer the plans that the board may read, so that nobody needs a terminal who has such a folder."""
    st.subheader("Start from a plan file here")
    show_answer()
    roots = allowed_roots(None)
    if not roots:
        st.info(
            "This board may read no folder of plans yet. Whoever serves it names some in the variable "
            f"{code(ROOTS_VARIABLE)}, separated as in PATH; the plans that lie directly in them are then offered here."
        )
        return
    here = installation()
    if show_person(here, signed_in(here)):
        offer_plans(roots)


def _command(words: str) -> str:
    """A command that writes the very database that this board shows."""
    named = f" --db {shlex.quote(str(default_database()))}" if os.environ.get(VARIABLE) else ""
    return f"aqboard {words}{named}"
