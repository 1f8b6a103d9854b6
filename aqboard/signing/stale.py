"""Stale: a verdict whose input files have changed since. Derived each time it is asked for, never stored."""

import socket

from aqboard.sessions.freeze import changed_inputs
from aqboard.store import StoredAttempt


def stale(stored: StoredAttempt) -> tuple[str, ...]:
    """A sentence for each input that is no longer what was judged; empty when the verdicts hold, or there are none.

    Files of an attempt that was frozen on another machine, as imported ones are, are looked for here too: where they
    do not lie on a file system that both machines see, nothing can be said, and that is said.
    """
    if not stored.findings:
        return ()
    attempt = stored.attempt
    here = attempt.host == socket.gethostname()
    if not here and not any(file.path.exists() for file in attempt.inputs):
        return (f"The input files lie on {attempt.host} and cannot be compared from here.",)
    return changed_inputs(attempt)
