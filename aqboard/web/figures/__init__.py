"""Plotly figures: pure functions from evidence to a figure, without Streamlit."""
