"""Script lint: an sbatch script, its findings beside the lines."""

from aqboard.views import board, lint

board.page(lint.show)
