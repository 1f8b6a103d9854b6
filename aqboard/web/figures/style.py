"""Colours and texts that all figures share. The colours are legible on white and on near-black."""

import html

from aqboard.domain.words import visible

BLUE, ORANGE, GREEN, RED, GREY, PURPLE = "#3b82c4", "#d97706", "#2f9e63", "#d9485f", "#8a8f98", "#9b6bd3"
"""Each at least 3:1 against Streamlit's light and dark backgrounds, as WCAG asks of graphics."""


def safe(text: str, most: int = 40) -> str:
    """Untrusted text for Plotly, which reads some HTML tags: escaped, and cut in the middle to `most` characters."""
    text = visible(text)
    if len(text) > most:
        head = most // 2
        text = f"{text[:head]}…{text[head - most + 1 :]}"
    return html.escape(text, quote=False)
