"""Readiness: may this launch go, and if not, why not?"""

from aqboard.web import board
from aqboard.web.pages import readiness

board.page(readiness.show)
