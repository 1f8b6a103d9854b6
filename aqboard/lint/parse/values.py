"""Slurm's ways of writing numbers, times and GPUs."""

import re

_TIME = re.compile(
    r"(?:(?P<days>\d{1,4})-(?P<dh>\d{1,3})(?::(?P<dm>\d{1,2})(?::(?P<ds>\d{1,2}))?)?"
    r"|(?P<h>\d{1,4}):(?P<hm>\d{1,2}):(?P<hs>\d{1,2})|(?P<m>\d{1,6})(?::(?P<ms>\d{1,2}))?)",
    re.ASCII,
)
_NODES = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?(?::\d+)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)


def time_hours(text: str) -> float | None:
    """Hours of a time limit in any of Slurm's six forms (`90` is minutes, `1-12` days and hours); None for others."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    part = {name: int(value) for name, value in match.groupdict(default="0").items()}
    minutes = (part["days"] * 24 + part["dh"] + part["h"]) * 60 + part["dm"] + part["hm"] + part["m"]
    return minutes / 60 + (part["ds"] + part["hs"] + part["ms"]) / 3600


def number(text: str | None) -> int | None:
    """A whole number, or None."""
    return int(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None


def nodes(text: str | None) -> int | None:
    """The number of nodes; of a range the larger end."""
    match = _NODES.fullmatch(text.strip()) if text else None
    return int(match[2] or match[1]) if match else None


def gpus_of(request: str | None) -> int | None:
    """The number in `8`, `a100:4` or `gpu:a100:4(S:0-1),tmpdisk:1G`; a type alone asks for one. None for others."""
    if not request:
        return None
    for part in request.split(","):
        words = part.partition("(")[0].split(":")
        if words[0] == "gpu":
            words = words[1:] or ["1"]
        elif ":" in part and "gpu" in request:
            continue
        return number(words[-1]) if words[-1].isdecimal() else 1
    return None
