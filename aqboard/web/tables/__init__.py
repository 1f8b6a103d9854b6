"""Rows for the pages: pure functions from stored attempts to words and figures, without Streamlit."""
