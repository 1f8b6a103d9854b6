"""The dashboard: which pages there are, and in which order. `streamlit run app.py`, or `aqboard serve`."""

import streamlit as st

from aqboard.web import board

PAGES = (
    st.Page("pages/readiness.py", title="Readiness", icon="🚦", default=True),
    st.Page("pages/run.py", title="Run checks", icon="▶️"),
    st.Page("pages/checkpoint.py", title="Checkpoint", icon="📦"),
    st.Page("pages/caches.py", title="Caches", icon="🧭"),
    st.Page("pages/forward.py", title="Forward pass", icon="➡️"),
    st.Page("pages/losses.py", title="Losses", icon="📉"),
    st.Page("pages/launch.py", title="Launch", icon="🚀"),
    st.Page("pages/lint.py", title="Script lint", icon="🔎"),
    st.Page("pages/history.py", title="History", icon="🗂️"),
    st.Page("pages/audit.py", title="Audit", icon="📜"),
)

st.set_page_config(page_title="aqboard", page_icon="🚦", layout="wide")
board.run(st.navigation(list(PAGES)))
