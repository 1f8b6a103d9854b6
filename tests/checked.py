"""An attempt that is really checked, in a session of its own."""

from aqboard.domain.attempt import Attempt
from aqboard.sessions.control import follow, start
from aqboard.store import Store, StoredAttempt


def check(attempt: Attempt, store: Store) -> StoredAttempt:
    """Run the suite that the attempt was prepared for on this machine, and wait for it."""
    row = start(store, attempt)
    follow(store, row)
    return store.attempt(row.attempt)
