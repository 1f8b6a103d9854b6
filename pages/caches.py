"""Caches: which scan caches say the same, and which is the one of the training?"""

from aqboard.web import board
from aqboard.web.pages import caches

board.page(caches.show)
