"""Audit: who did what, and whether the log of it is whole."""

from aqboard.views import board, audit

board.page(audit.show)
