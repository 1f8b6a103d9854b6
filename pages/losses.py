"""Losses: does the launch start from where the baseline ended?"""

from aqboard.web import board
from aqboard.web.pages import losses

board.page(losses.show)
