"""Found through PYTHONPATH by every Python that a test starts: a session's process gets stub probes, others nothing.

The process itself, its folder and its events are the real ones.
"""

import sys
from pathlib import Path

if "aqboard.sessions.supervisor" in sys.orig_argv:
    from aqboard.sessions import probe_loop

    probe_loop.WORKER = (sys.executable, "-P", str(Path(__file__).parent / "worker.py"))
