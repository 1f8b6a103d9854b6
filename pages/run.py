"""Run checks: start them, watch them, stop them."""

from aqboard.views import board, run

board.page(run.show)
