"""Reads files in a process with bounded memory and tells what each cost. `python -m` it with a folder.

One JSON line per file and reader: file, reader, code (empty when it was read), message, seconds, peak memory in MB.
"""

import json
import resource
import sys
import time
from pathlib import Path

from aqboard.readers.caches.cache_facts import inspect_cache
from aqboard.readers.errors import ReadError
from aqboard.readers.tasks import summary

MEMORY = 600 << 20
READERS = {"cache": inspect_cache, "checkpoint": summary}


def main() -> None:
    folder = Path(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for path in sorted(folder.iterdir()):
        for name, reader in READERS.items():
            reset_peak()
            began = time.perf_counter()
            code, message = "", ""
            try:
                reader(path)
            except ReadError as error:
                code, message = error.code, error.message
            seconds = time.perf_counter() - began
            facts = {"file": path.name, "reader": name, "code": code, "message": message}
            print(json.dumps({**facts, "seconds": seconds, "peak_mb": peak_mb()}), flush=True)


def reset_peak() -> None:
    """Ask Linux to forget the highest memory use so far."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
