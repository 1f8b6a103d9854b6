"""History: all attempts, and what differs between them."""

from aqboard.views import board, history

board.page(history.show)
