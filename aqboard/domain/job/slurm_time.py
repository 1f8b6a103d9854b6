"""Slurm's time limits as numbers and words."""

import re

_TIME = re.compile(
    r"(?:(?P<days>\d{1,4})-(?P<dh>\d{1,3})(?::(?P<dm>\d{1,2})(?::(?P<ds>\d{1,2}))?)?"
    r"|(?P<h>\d{1,4}):(?P<hm>\d{1,2}):(?P<hs>\d{1,2})|(?P<m>\d{1,6})(?::(?P<ms>\d{1,2}))?)",
    re.ASCII,
)


def hours(time: str) -> float:
    """Hours of a time limit in any of Slurm's six forms: `90` is minutes, `1-12` days and hours (sbatch's manual page).

    A plan and a profile allow only `[days-]hours:minutes:seconds`, which `SlurmTime` checks. Raises ValueError for
    anything that Slurm does not understand as a time.
    """
    match = _TIME.fullmatch(time)
    if match is None:
        raise ValueError(f"{time!r} is not a Slurm time: write [days-]hours:minutes:seconds, e.g. 1-12:00:00.")
    part = {name: int(value) for name, value in match.groupdict(default="0").items()}
    minutes = (part["days"] * 24 + part["dh"] + part["h"]) * 60 + part["dm"] + part["hm"] + part["m"]
    return minutes / 60 + (part["ds"] + part["hs"] + part["ms"]) / 3600


def in_words(time: str) -> str:
    """The wall time as people say it, e.g. `36 h` or `0.5 h`."""
    return f"{hours(time):.4g} h"
