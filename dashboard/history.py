"""History: all attempts, and what differs between them."""

from aqboard.views import history

history.show()
