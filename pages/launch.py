"""Launch: what would be submitted, and who said GO."""

from aqboard.views import board, launch

board.page(launch.show)
