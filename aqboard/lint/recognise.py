"""Which cluster a script is for: told by whoever asks, by the plan, or by signs in the script itself."""

from collections.abc import Iterable
from typing import NamedTuple

from aqboard.domain.cluster import ClusterProfile
from aqboard.lint.parse.model import Script
from aqboard.lint.rules.queries import all_words

LOOKED_AT = 20_000
"""Words searched for a path that gives the cluster away."""


class Recognised(NamedTuple):
    """A profile, and the sign it was known by."""

    profile: ClusterProfile
    sign: str


def recognise(script: Script, profiles: Iterable[ClusterProfile]) -> Recognised | None:
    """The only profile with one of its signs in the script; None for none or for several."""
    partitions = set((script.value("partition") or "").split(","))
    paths = [each.value for each in script.directives]
    paths += [word.text[:1000] for word, _ in zip(all_words(script), range(LOOKED_AT), strict=False)]
    found = []
    for profile in profiles:
        sign = next((sign for sign in profile.recognised_by if _shown(sign, partitions, paths)), None)
        if sign is not None:
            found.append(Recognised(profile, sign))
    return found[0] if len(found) == 1 else None


def _shown(sign: str, partitions: set[str], paths: list[str]) -> bool:
    if sign.startswith("/"):
        return any(sign in path for path in paths)
    return sign in partitions
