"""Run checks: start them, watch them, stop them."""

from aqboard.web import board
from aqboard.web.pages import run

board.page(run.show)
