"""Forward pass: the shape of every module's output, and the first one that goes wrong."""

from aqboard.views import board, forward

board.page(forward.show)
