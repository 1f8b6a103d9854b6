"""Launch: what would be submitted, and who said GO."""

from aqboard.views import launch

launch.show()
