"""Audit: who did what, and whether the log of it is whole."""

from aqboard.web import board
from aqboard.web.pages import audit

board.page(audit.show)
