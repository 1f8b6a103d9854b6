"""Caches: which scan caches say the same, and which is the one of the training?"""

from aqboard.views import board, caches

board.page(caches.show)
