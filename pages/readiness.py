"""Readiness: may this launch go, and if not, why not?"""

from aqboard.views import board, readiness

board.page(readiness.show)
