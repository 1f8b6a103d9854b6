"""Forward pass: the shape of every module's output, and the first one that goes wrong."""

from aqboard.web import board
from aqboard.web.pages import forward

board.page(forward.show)
