"""What differs between two candidate caches: per sector in figures, and one sector's order drawn on the grid.

The files are read again for this, in a process of their own with bounds on memory and time.
"""

import numpy as np
import streamlit as st

from aqboard.domain.cache import CacheFacts
from aqboard.domain.evidence import CacheEvidence
from aqboard.readers.caches.cache_pair import CachePair, read_pair
from aqboard.readers.errors import ReadError
from aqboard.readers.sandbox import run_sandboxed
from aqboard.web.figures.caches import displacement_figure, order_figure, sector_label
from aqboard.web.tables.caches import COMPARISON_FACES, sector_rows, short_names
from aqboard.web.text import plain, prose

READER = f"{read_pair.__module__}:{read_pair.__name__}"


@st.fragment
def show_pair(evidence: CacheEvidence) -> None:
    """Let two candidates be chosen, and show what differs."""
    facts = evidence.groups.facts
    if len(facts) < 2:
        st.info("There is only one readable cache; name others in the plan's `scan.candidates` to compare them.")
        return
    names = short_names([fact.file.path for fact in facts])
    numbers = range(len(facts))
    left, right = st.columns(2)
    first = left.selectbox("Hold this cache", numbers, index=0, format_func=names.__getitem__, key="pair-first")
    second = right.selectbox(
        "against this one", numbers, index=_other(facts), format_func=names.__getitem__, key="pair-second"
    )
    with st.spinner("Reading both files in a process of their own ..."):
        pair = _read(facts[first], facts[second])
    if isinstance(pair, str):
        st.error(prose(pair))
        return
    comparison = pair.comparison
    st.markdown(f"{COMPARISON_FACES[comparison.verdict]}: {plain(comparison.summary)}")
    if comparison.same_content and comparison.byte_reasons:
        st.markdown(f"The bytes differ in: {plain('; '.join(comparison.byte_reasons))}.")
    if pair.places is None or comparison.same_content:
        return
    _pictures(pair, (names[first], names[second]))


def _other(facts: tuple[CacheFacts, ...]) -> int:
    """The first candidate of another content than the first one; the second where all agree."""
    content = facts[0].digests.content
    return next((i for i, fact in enumerate(facts) if fact.digests.content != content), 1)


def _read(a: CacheFacts, b: CacheFacts) -> CachePair | str:
    """Both files as they are now; a sentence when one cannot be read or is no longer what the attempt saw."""
    try:
        pair = _pair(a.file.path, b.file.path, a.file.sha256, b.file.sha256)
    except ReadError as error:
        return error.message
    for seen, now in ((a, pair.comparison.a), (b, pair.comparison.b)):
        if seen.file.sha256 != now.file.sha256:
            return f"{seen.file.path} has changed since this attempt was checked; run the checks again."
    return pair


@st.cache_resource(max_entries=8, show_spinner=False)
def _pair(a_path: str, b_path: str, a_sha256: str, b_sha256: str) -> CachePair:
    """Read in the sandbox once per content: the digests are there to be part of the key."""
    return run_sandboxed(READER, CachePair, [a_path, b_path])


def _pictures(pair: CachePair, names: tuple[str, str]) -> None:
    assert pair.places is not None
    before, after = (np.asarray(places) for places in pair.places)
    sectors = pair.comparison.sectors
    st.markdown("**How far patches move**, per wind sector, along the first cache's order")
    figure = displacement_figure(before, after, [sector.angle_deg for sector in sectors])
    st.plotly_chart(figure, width="stretch", key="displacement", alt="Displacement of patches per sector")
    st.dataframe(sector_rows(sectors), hide_index=True, width="stretch", key="sectors", alt="Differences per sector")
    st.markdown("**One sector's order on the patch grid**: dark patches are visited first")
    most = max(sectors, key=lambda sector: sector.mean_displacement).sector
    sector = st.select_slider(
        "Wind sector",
        range(len(sectors)),
        value=most,
        format_func=lambda number: sector_label(number, sectors[number].angle_deg),
        key=f"sector-{pair.comparison.a.file.sha256}-{pair.comparison.b.file.sha256}",
    )
    grid = (pair.comparison.a.grid_h, pair.comparison.a.grid_w)
    drawn = order_figure(before[sector], after[sector], grid, names)
    st.plotly_chart(drawn, width="stretch", key="order", alt=f"Order of sector {sector} in both caches")
