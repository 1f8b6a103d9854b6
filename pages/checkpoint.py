"""Checkpoint: what is in the file, and does it reach the model?"""

from aqboard.web import board
from aqboard.web.pages import checkpoint

board.page(checkpoint.show)
