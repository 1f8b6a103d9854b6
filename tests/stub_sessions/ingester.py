"""One of several processes that ingest: `python ingester.py DATABASE [DIE_AT]`.

With DIE_AT, `TEXT:N`, it is killed as the N-th statement that holds this text is about to be run.
"""

import os
import signal
import sys
from pathlib import Path

from aqboard.sessions import ingest
from aqboard.store import Store
from tests import stub_sessions


def main(database: str, die_at: str = "") -> None:
    text, _, times = die_at.rpartition(":")
    left = int(times or 0)

    def count(statement: str) -> None:
        nonlocal left
        left -= text in statement
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with stub_sessions.installed(), Store(Path(database)) as store:
        if left:
            store.db.conn.set_trace_callback(count)
        ingest.ingest_open(store, patience=ingest.RetryPolicy(seconds=60, pause_s=0.05))


if __name__ == "__main__":
    main(*sys.argv[1:])
