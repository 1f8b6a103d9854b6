"""Find and read cluster profiles: the packaged ones, and a team's own in the folder that AQBOARD_PROFILES names."""

from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml
from pydantic import ValidationError

from aqboard.domain.cluster import ClusterProfile
from aqboard.domain.errors import LaunchError
from aqboard.domain.model import faults
from aqboard.settings import PROFILES, profiles_folder

__all__ = ["ClusterProfile", "all_profiles", "load_profile", "profile_files", "profile_names"]

MAX_BYTES = 64 * 1024
"""A profile is a page of text; anything larger is another file in the wrong folder."""


def profile_names() -> tuple[str, ...]:
    """The names that `load_profile` knows, sorted."""
    return tuple(sorted(profile_files()))


def load_profile(name: str) -> ClusterProfile:
    """The profile called `name`; a team's own wins over a packaged one.

    Raises LaunchError for an unknown name, naming the ones there are, and for a file that is not a profile.
    """
    known = profile_files()
    if name not in known:
        raise LaunchError(
            f"There is no cluster profile {name!r}. There are: {', '.join(sorted(known))}. "
            f"Add your own as NAME.yaml in the folder that {PROFILES} names."
        )
    profile = _read(known[name])
    if profile.name != name:
        raise LaunchError(f"{known[name]}: `name: {profile.name}` differs from the file's name; make them equal.")
    return profile


def all_profiles() -> tuple[ClusterProfile, ...]:
    """Every profile that can be read; the others are left out, for callers who can do without them."""
    found = []
    for name in profile_names():
        with suppress(LaunchError):
            found.append(load_profile(name))
    return tuple(found)


def profile_files() -> dict[str, Traversable]:
    """Profile name to file."""
    packaged = files("aqboard.launch") / "profiles"
    return _yaml_files(packaged) | (_yaml_files(own) if (own := _own_folder()) else {})


def _own_folder() -> Path | None:
    setting = profiles_folder()
    if not setting:
        return None
    folder = Path(setting)
    if not folder.is_dir():
        raise LaunchError(f"{PROFILES} is {setting!r}, which is not a folder. Correct it or unset it.")
    return folder


def _yaml_files(folder: Traversable) -> dict[str, Traversable]:
    return {entry.name.removesuffix(".yaml"): entry for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def _read(file: Traversable) -> ClusterProfile:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise LaunchError(f"The cluster profile {file} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise LaunchError(f"{file} is not a cluster profile: it is larger than {MAX_BYTES >> 10} KiB.")
    return _parsed(content, str(file))


@lru_cache(maxsize=32)  # by content, so that an edited file counts at once: parsing takes 100 times as long as reading
def _parsed(content: bytes, file: str) -> ClusterProfile:
    try:
        text = content.decode()
        # An alias lets a small file unfold into gigabytes, and no profile needs one.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise LaunchError(f"{file} is not a cluster profile: YAML aliases (`*name`) are not allowed in one.")
        return ClusterProfile.model_validate(yaml.safe_load(text))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise LaunchError(f"{file} is not a cluster profile: {_one_line(error)}.") from None
    except ValidationError as error:
        wrong = "; ".join(faults(error, "the profile"))
        raise LaunchError(f"{file} is not a complete cluster profile: {wrong}.") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
