"""Losses: does the launch start from where the baseline ended?"""

from aqboard.views import board, losses

board.page(losses.show)
