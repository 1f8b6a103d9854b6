"""The session's own process, as it is, with the stub probes below it."""

import sys
from pathlib import Path

from aqboard.sessions import probe_loop, supervisor

probe_loop.WORKER = (sys.executable, "-P", str(Path(__file__).parent / "worker.py"))
probe_loop.LOG_LIMIT_BYTES = 1 << 20
if __name__ == "__main__":
    sys.exit(supervisor.main(Path(sys.argv[-1]).resolve()))
