"""Slurm's `[days-]hours:minutes:seconds` as numbers and words."""

import re

_TIME = re.compile(r"(?:(\d{1,3})-)?(\d{1,2}):(\d{2}):(\d{2})", re.ASCII)


def hours(time: str) -> float:
    """The wall time in hours; raises ValueError when it is not of the form `[days-]hours:minutes:seconds`."""
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError(f"{time!r} is not a Slurm time: write [days-]hours:minutes:seconds, e.g. 1-12:00:00.")
    days, whole_hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 24 + whole_hours + minutes / 60 + seconds / 3600


def in_words(time: str) -> str:
    """The wall time as people say it, e.g. `36 h` or `0.5 h`."""
    return f"{hours(time):.4g} h"
