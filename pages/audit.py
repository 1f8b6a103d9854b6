"""Audit: who did what, and whether the log of it is whole."""

from aqboard.views import audit, board

board.page(audit.show)
