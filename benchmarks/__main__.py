"""`python -m benchmarks`: run every benchmark and write docs/benchmarks.md; a quarter of an hour on two cores.

Each subject runs in a process of its own: what one leaves in memory must not count against the next.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.timing import machine

SUBJECTS = (
    ("Readers: reading and comparing files", "benchmarks.bench_readers"),
    ("The model at real size (52.5 million parameters, 8192 tokens)", "benchmarks.bench_topoflow"),
    ("The dashboard's database", "benchmarks.bench_store"),
    ("The dashboard's pages in a real Chromium", "benchmarks.bench_pages"),
    ("Guard and preflight (what the columns mean: docs/scale.md)", "benchmarks.bench_guard"),
)
DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`. Plain against fast, alternating in one run, so that a busy machine slows both alike: the ratios
are what lasts, the seconds are this machine's. Median of the repetitions; spread is (slowest - fastest) / median; extra
memory is the peak above what the process held before. What *plain* is stands with each benchmark in `benchmarks/`.
`python -m benchmarks.bench_gpu` measures the model on a GPU and writes a document of its own.
"""


def main() -> int:
    """Run what is asked for; the document is written only when all of it came through."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="repeat less, and print without writing the document")
    quick = parser.parse_args().quick
    parts = [HEAD, f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine()}.\n"]
    for title, module in SUBJECTS:
        print(f"{title} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", module, *(["--quick"] if quick else [])]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return done.returncode
        parts.append(f"## {title}\n\n{done.stdout.strip()}\n")
    text = "\n".join(parts)
    print(text)
    if not quick:
        DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
