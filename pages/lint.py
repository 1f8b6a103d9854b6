"""Script lint: an sbatch script, its findings beside the lines."""

from aqboard.web import board
from aqboard.web.pages import lint

board.page(lint.show)
