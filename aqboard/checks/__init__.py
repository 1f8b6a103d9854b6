"""Checks: one file a question, a pure judge of evidence. `suite.py` lists them, `judge.py` asks them."""
