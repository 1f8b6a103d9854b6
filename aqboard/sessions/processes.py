"""Keep hold of every process that a probe starts, and let none outlive the session.

Linux alone can do this; elsewhere what leaves its process group gets away.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time

import psutil

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
ROUNDS = 50
"""A probe may fork faster than one can count; each round stops all that there are, so their number cannot grow."""


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that it can still be found."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent is: nobody would watch over this process any more."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_descendants() -> None:
    """Kill every process that descends from this one, whatever group or session it has moved to."""
    own = psutil.Process()
    for _ in range(ROUNDS):
        found = own.children(recursive=True)
        if not found:
            return
        for action in (psutil.Process.suspend, psutil.Process.kill):
            for process in found:
                with contextlib.suppress(psutil.Error):
                    action(process)
        _reap()
        time.sleep(0.01)


def _reap() -> None:
    """Reap exited children; adopted ones are nobody else's to wait for."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
