"""Search for the cache a checkpoint was trained with: in files that hold one, and in logs that mention one."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aqboard.domain.evidence import CacheEvidence
from aqboard.domain.hunt import CacheHunt, MentionReport, WalkReport
from aqboard.domain.plan import LaunchPlan
from aqboard.readers.caches.hunt import find_caches
from aqboard.readers.caches.mentions import find_mentions
from aqboard.readers.caches.walk import Progress, Wanted, walk
from aqboard.readers.errors import ReadError
from aqboard.web.tables.hunt import (
    LOGS,
    ROOTS_VARIABLE,
    allowed_roots,
    at_midnight,
    cache_rows,
    left_out,
    mention_rows,
)
from aqboard.web.text import code, prose

FOUND = "hunt-found"
"""Session key of what the last search found, so that it stays while the page is used."""

EVERY = 50
"""Folders between two signs of life: each is also where Streamlit lets a search be stopped."""

Found = CacheHunt | tuple[WalkReport, MentionReport] | str


@st.fragment
def show_hunt(plan: LaunchPlan, evidence: CacheEvidence | None) -> None:
    """Let folders be chosen, search them, and show what was found."""
    roots = allowed_roots(plan)
    st.markdown(
        f"Searches below the folders of the plan's files. To allow others, set {code(ROOTS_VARIABLE)} before serving "
        "the board, or search in a terminal: `aqboard cache find ROOT...` and `aqboard cache mentions LOG...`."
    )
    with st.form("hunt"):
        chosen = st.multiselect("Folders", roots, default=roots[:1])
        what = st.radio("Look for", ("caches", "logs and checkpoints that mention a cache"), horizontal=True)
        name, newer, older = st.columns(3)
        pattern = name.text_input("File name of a cache (`*` for anything)", "*cache*", max_chars=100)
        since = newer.date_input("Changed on or after (UTC)", None)
        until = older.date_input("and before", None)
        asked = st.form_submit_button("Search", type="primary")
    if asked:
        wanted = Wanted(names=(pattern,), newer=at_midnight(since), older=at_midnight(until))
        search = _caches if what == "caches" else _mentions
        with st.spinner("Searching ..."):
            line = st.empty()
            found = search(plan, evidence, wanted, chosen, _sign_of_life(line)) if chosen else "Choose a folder first."
            line.empty()
        st.session_state[FOUND] = found
    if last := st.session_state.get(FOUND):
        _show(last)


def _caches(
    plan: LaunchPlan, evidence: CacheEvidence | None, wanted: Wanted, roots: list[str], progress: Progress
) -> Found:
    try:
        # A cache of the plan that cannot be read is no reason not to search for another.
        like = plan.scan.cache if plan.scan and evidence else None
        return find_caches(roots, wanted, like=like, checkpoint=plan.checkpoint.path, progress=progress)
    except ReadError as error:
        return error.message


def _mentions(
    plan: LaunchPlan, evidence: CacheEvidence | None, wanted: Wanted, roots: list[str], progress: Progress
) -> Found:
    known: dict[str, str] = {}
    for fact in evidence.groups.facts if evidence else ():
        known |= dict.fromkeys((fact.file.md5, fact.file.sha256, fact.digests.content), fact.file.path)
    try:
        # Their dates say when a training ran, not when a cache was made, and they may be larger than any cache.
        walked = walk(roots, Wanted(names=LOGS, largest=1 << 40), progress)
        return walked, find_mentions(walked.candidates, known)
    except ReadError as error:
        return error.message


def _sign_of_life(line: DeltaGenerator) -> Progress:
    def tell(folders: int, candidates: int) -> None:
        if folders % EVERY == 1:
            line.caption(f"{folders} folders searched, {candidates} candidates")

    return tell


def _show(found: Found) -> None:
    match found:
        case str():
            st.error(prose(found))
        case CacheHunt():
            _show_caches(found)
        case (walked, report):
            _show_mentions(walked, report)


def _show_caches(found: CacheHunt) -> None:
    rows = cache_rows(found)
    st.markdown(
        f"**{len(rows)} caches** of {len(found.groups.groups)} different contents among {found.walk.files} files in "
        f"{found.walk.folders} folders; {found.not_caches} files of that name are something else."
    )
    if found.checkpoint and found.checkpoint.content is None:
        st.info("The checkpoint does not say which cache it was trained with; only dates can be held against it.")
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", key="hunt-caches", alt="Caches found")
    for refused in found.groups.unreadable:
        st.warning(f"{code(refused.path)} looks like a cache and cannot be read: {prose(refused.message)}")
    _show_left_out(found.walk)


def _show_mentions(walked: WalkReport, report: MentionReport) -> None:
    rows = mention_rows(report)
    st.markdown(
        f"**{len(rows)} mentions** in {report.files} files, of {walked.files} in {walked.folders} folders. Searched "
        f"were {', '.join(map(code, LOGS))}."
    )
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch", key="hunt-mentions", alt="Mentions of caches")
    for message in report.unreadable:
        st.warning(prose(message))
    _show_left_out(walked)


def _show_left_out(walked: WalkReport) -> None:
    for reason, names in left_out(walked):
        with st.expander(f"{len(names)} {reason}"):
            st.code("\n".join(names), language=None)
