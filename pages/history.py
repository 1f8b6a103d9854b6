"""History: all attempts, and what differs between them."""

from aqboard.web import board
from aqboard.web.pages import history

board.page(history.show)
