"""Timing two ways of doing one thing, in one run: medians, spread, and the memory each takes beyond its inputs.

Seconds differ between machines and hours; ratios measured side by side are what lasts.
"""

import argparse
import ctypes
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Work = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of the repetitions of one piece of work, and its peak memory above the start, in MB."""

    seconds: tuple[float, ...]
    extra_mb: float | None = None

    @property
    def median(self) -> float:
        """Median of the repetitions, seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """(slowest - fastest) / median."""
        return (max(self.seconds) - min(self.seconds)) / self.median


@dataclass(frozen=True)
class Row:
    """One line of a benchmark table. `bar` says in words what was asked; `met` whether this run met it."""

    what: str
    plain: Timing
    fast: Timing
    bar: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float:
        """How many times faster: plain median / fast median."""
        return self.plain.median / self.fast.median


def side_by_side(
    plain: Work, fast: Work, *, repeats: int = 5, plain_repeats: int | None = None
) -> tuple[Timing, Timing]:
    """Time both, alternating so that a busy machine slows both alike; untimed calls, which measure memory, come first.

    The fast way is called once before that: buffers that the libraries make once and keep are not its own.
    `plain_repeats` (default `repeats`) may be smaller where plain is slow.
    """
    fast()
    lean = peak_extra_mb(fast)
    memory = peak_extra_mb(plain), lean
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats):
        if turn < (plain_repeats or repeats):
            taken[0].append(seconds(plain))
        taken[1].append(seconds(fast))
    return Timing(tuple(taken[0]), memory[0]), Timing(tuple(taken[1]), memory[1])


def seconds(work: Work, *, at_least_s: float = 0.05) -> float:
    """Wall-clock seconds of one call; quick work is repeated until the clock can see it."""
    calls = 0
    start = time.perf_counter()
    while True:
        work()
        calls += 1
        taken = time.perf_counter() - start
        if taken >= at_least_s:
            return taken / calls


def peak_extra_mb(work: Work) -> float | None:
    """Peak resident memory during one call above what the process held before it, MB; None where Linux cannot tell."""
    gc.collect()
    _give_back_freed_memory()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    except OSError:
        work()
        return None
    before = _status_mb("VmRSS")
    work()
    return max(0.0, _status_mb("VmHWM") - before)


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a markdown table."""
    lines = [
        "| work | plain | fast | ratio | spread plain / fast | extra memory plain / fast | bar | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append(
            f"| {row.what} | {duration(row.plain.median)} | {duration(row.fast.median)} | {row.ratio:.3g}x "
            f"| {row.plain.spread:.0%} / {row.fast.spread:.0%} | {_mb(row.plain)} / {_mb(row.fast)} "
            f"| {row.bar} | {met} |"
        )
    return "\n".join(lines)


def duration(value_s: float) -> str:
    """Seconds in a readable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value_s >= size:
            return f"{value_s / size:.3g} {unit}"
    return f"{value_s * 1e6:.3g} us"


def machine() -> str:
    """One line: processor, cores in use, Python."""
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.processor()}, {cores} cores, Python {platform.python_version()}"


def _give_back_freed_memory() -> None:
    """Let the C library return what was freed, so that it does not hide what is taken next; only glibc can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _mb(timing: Timing) -> str:
    return "?" if timing.extra_mb is None else f"{timing.extra_mb:.0f} MB"


def _status_mb(key: str) -> float:
    """One entry of /proc/self/status in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(key)


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def command(run: Callable[[bool], Sequence[Row]], about: str | None, setting: str = "") -> None:
    """What `python -m benchmarks.SUBJECT [--quick]` does: measure, and print the machine and the table."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="repeat less, on smaller files")
    rows = run(parser.parse_args().quick)
    print(f"{machine()}{setting}\n\n{markdown(rows)}")
