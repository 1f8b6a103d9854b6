"""Launch: what would be submitted, and who said GO."""

from aqboard.web import board
from aqboard.web.pages import launch

board.page(launch.show)
