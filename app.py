"""The dashboard: which pages there are, and in which order. `streamlit run app.py`, or `aqboard serve`."""

import streamlit as st

from aqboard.views import board

PAGES = (
    st.Page("dashboard/readiness.py", title="Readiness", icon="🚦", default=True),
    st.Page("dashboard/checkpoint.py", title="Checkpoint", icon="📦"),
    st.Page("dashboard/caches.py", title="Caches", icon="🧭"),
    st.Page("dashboard/forward.py", title="Forward pass", icon="➡️"),
    st.Page("dashboard/losses.py", title="Losses", icon="📉"),
    st.Page("dashboard/launch.py", title="Launch", icon="🚀"),
    st.Page("dashboard/history.py", title="History", icon="🗂️"),
)

st.set_page_config(page_title="aqboard", page_icon="🚦", layout="wide")
board.run(st.navigation(list(PAGES)))
