"""The lint page: any sbatch script, pasted or named, with what is wrong beside its lines. No attempt is needed."""

from pathlib import Path

import streamlit as st

from aqboard.domain.errors import AqboardError
from aqboard.launch.profile import all_profiles, load_profile, profile_faults, profile_names
from aqboard.lint.check import lint
from aqboard.lint.parse.source import decode
from aqboard.lint.report import LintFinding, LintReport
from aqboard.lint.rules.suite import installed_rules
from aqboard.settings import SEARCH_ROOTS
from aqboard.show.lint import annotated, face
from aqboard.web.server.allowed_paths import allowed_roots, read_below
from aqboard.web.text import code, plain, prose

RECOGNISE = "recognise it"
MOST_CHARACTERS = 200_000
"""Of a pasted script; a longer one is judged on the command line, in a process of its own."""

JUDGED = "lint-judged"
"""Session key of the last text and report, so that they stay while the page is used."""


def show() -> None:
    """Show the page."""
    st.title("Script lint")
    st.markdown(
        f"{len(installed_rules())} rules for an sbatch script, yours or anybody's. Nothing in it is run. "
        "In a terminal: `aqboard script lint FILE`."
    )
    where = st.radio("The script is", ("pasted here", "a file"), horizontal=True)
    folders = allowed_roots()
    with st.form("lint"):
        if where == "pasted here":
            given = st.text_area(
                "Script", height=260, max_chars=MOST_CHARACTERS, placeholder="#!/bin/bash\n#SBATCH ..."
            )
        else:
            given = st.text_input("File", max_chars=1000, placeholder="train.sbatch")
            st.caption(_where_from(folders))
        cluster = st.selectbox("Cluster", (RECOGNISE, *profile_names()))
        asked = st.form_submit_button("Lint", type="primary")
    for fault in profile_faults():
        st.caption(prose(fault))
    if asked:
        st.session_state[JUDGED] = _judge(given, cluster, folders if where == "a file" else None)
    match st.session_state.get(JUDGED):
        case str() as refused:
            st.error(f"❌ **This cannot be judged.** {prose(refused)}")
        case (text, report):
            _show(text, report)
        case _:
            st.info("Paste a script, or name a file, and press “Lint”.")


def _where_from(folders: tuple[str, ...]) -> str:
    if not folders:
        return f"This board may read no folder. Whoever serves it names some in {code(SEARCH_ROOTS)}, or you paste it."
    return f"Inside {', '.join(map(code, folders))}. Whoever serves the board allows others with {code(SEARCH_ROOTS)}."


def _judge(given: str, cluster: str, folders: tuple[str, ...] | None) -> tuple[str, LintReport] | str:
    """Text and report, or one sentence on why there is none."""
    named = None if cluster == RECOGNISE else cluster
    try:
        if folders is None:
            text, name = decode(given.encode(errors="replace"), "The script"), "pasted script"
        else:
            text, name = read_below(folders, given), Path(given.strip()).name
            if len(text) > MOST_CHARACTERS:
                return f"{name} is longer than {MOST_CHARACTERS:,} characters; judge it with: aqboard script lint FILE"
        with st.spinner("Reading the script ..."):
            profile = load_profile(named) if named else None
            clusters = () if named else all_profiles()
            return text, lint(text, name, profiles=clusters, profile=profile, rules=installed_rules())
    except AqboardError as error:
        return error.message


def _show(text: str, report: LintReport) -> None:
    tell = st.warning if report.counted else st.success
    sign = "⚠️" if report.counted else "✅"
    tell(f"{sign} **{plain(report.sentence)}** {plain(report.held_against)}")
    for note in report.notes:
        st.caption(prose(note))
    st.download_button(
        "Download as JSON", report.model_dump_json(indent=2), "lint.json", "application/json", on_click="ignore"
    )
    script, findings = st.columns([3, 2], gap="large")
    with script:
        st.subheader("The script")
        st.code(annotated(text, report), language="bash", wrap_lines=True)
    with findings:
        st.subheader("Findings")
        if not report.findings:
            st.markdown("None.")
        for finding in report.findings:
            _show_finding(finding)


def _show_finding(finding: LintFinding) -> None:
    with st.container(border=True):
        st.markdown(
            f"{face(finding)} · line **{finding.line}** · rule {finding.number} {code(finding.rule)}\n\n"
            f"{prose(finding.message)}"
        )
        if finding.waived:
            st.markdown(f"*Waived:* {plain(finding.waived)}")
        st.code(finding.fix, language=None, wrap_lines=True)
        st.caption(f"*Why:* {prose(finding.why)}  \n*Source:* {plain(finding.source)}")
