"""Ingests until there is a file `stop` beside the database and nothing is left to read."""

import sys
import time
from pathlib import Path

from aqboard.sessions import ingest
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from tests import stub_sessions


def main(database: str) -> None:
    with stub_sessions.installed(), Store(Path(database)) as store:
        while True:
            last_round = (Path(database).parent / "stop").exists()
            for row in Sessions(store).all():
                ingest.ingest(store, row)
            if last_round:
                return
            time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
