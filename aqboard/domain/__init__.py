"""The words of aqboard: plan, evidence, finding, attempt, readiness, sign-off. No torch, no Streamlit, no files."""
