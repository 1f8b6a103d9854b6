"""Checkpoint: what is in the file, and does it reach the model?"""

from aqboard.views import board, checkpoint

board.page(checkpoint.show)
