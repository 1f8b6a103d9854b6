"""The session's own process, as it is, with the stub probes below it."""

import sys
from pathlib import Path

from aqboard.runner import probe_loop, session

probe_loop.WORKER = (sys.executable, "-P", str(Path(__file__).parent / "worker.py"))
probe_loop.LOG_LIMIT_BYTES = 1 << 20
if __name__ == "__main__":
    sys.exit(session.main(Path(sys.argv[-1]).resolve()))
