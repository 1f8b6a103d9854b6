"""Find and read cluster profiles: the packaged ones, those of installed packages, and a team's own.

A team's own, in the folder that AQBOARD_PROFILES names, win over all others of the same name: the team chose them. An
installed package cannot replace a profile: where the name exists already, its file is refused, and a sentence says so.
"""

from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from aqboard.domain.cluster import ClusterProfile
from aqboard.domain.errors import LaunchError
from aqboard.domain.model import faults
from aqboard.plugins import PROFILES as PROFILE_PLUGINS
from aqboard.plugins import plugin_folders
from aqboard.settings import PROFILES, profiles_folder

__all__ = ["ClusterProfile", "all_profiles", "load_profile", "profile_faults", "profile_files", "profile_names"]

MAX_BYTES = 64 * 1024
"""A profile is a page of text; anything larger is another file in the wrong folder."""


def profile_names() -> tuple[str, ...]:
    """The names that `load_profile` knows, sorted."""
    return tuple(sorted(profile_files()))


def load_profile(name: str) -> ClusterProfile:
    """The profile called `name`.

    Raises LaunchError for an unknown name, naming the ones there are and those that installed packages bring but that
    cannot be used; and for a file that is not a profile.
    """
    known = _packaged() | _own()
    if name not in known:
        installed = _installed()
        known = installed.files | known
        if name not in known:
            raise LaunchError(
                " ".join(
                    [
                        f"There is no cluster profile {name!r}. There are: {', '.join(sorted(known))}. "
                        f"Add your own as NAME.yaml in the folder that {PROFILES} names.",
                        *installed.faults,
                    ]
                )
            )
    return _called(name, known[name])


def all_profiles() -> tuple[ClusterProfile, ...]:
    """Every profile that can be read; the others are left out, for callers who can do without them."""
    found = []
    for name, file in sorted(profile_files().items()):
        with suppress(LaunchError):
            found.append(_called(name, file))
    return tuple(found)


def profile_files() -> dict[str, Traversable]:
    """Profile name to file."""
    return _packaged() | _installed().files | _own()


def profile_faults() -> tuple[str, ...]:
    """One sentence for each installed package with profiles that cannot be used."""
    return _installed().faults


class _Installed(NamedTuple):
    files: dict[str, Traversable]
    faults: tuple[str, ...]


def _installed() -> _Installed:
    """The profiles of installed packages. Each is read here, so that what cannot be read is a fault of its package."""
    taken, found, faults = _packaged(), dict[str, Traversable](), dict[str, list[str]]()
    for plugin in plugin_folders(PROFILE_PLUGINS):
        told = faults.setdefault(plugin.package, [])
        if plugin.fault:
            told.append(f"{plugin.entry}: {plugin.fault}")
            continue
        brought = [item for folder in plugin.things if isinstance(folder, Path) for item in _listed(folder)]
        if not brought:
            told.append(f"{plugin.entry}: it has no *.yaml file that can be seen")
        for name, file in brought:
            if name in taken or name in found:
                told.append(f"the profile {name!r} exists already")
                continue
            try:
                _called(name, file)
            except LaunchError as error:
                told.append(error.message.removesuffix("."))
            else:
                found[name] = file
    return _Installed(
        found,
        tuple(
            f"The package {package} brings cluster profiles that cannot be used: {'; '.join(told)}."
            for package, told in faults.items()
            if told
        ),
    )


def _listed(folder: Path) -> list[tuple[str, Traversable]]:
    try:
        return sorted(_yaml_files(folder).items())
    except OSError:
        return []


def _packaged() -> dict[str, Traversable]:
    return _yaml_files(files("aqboard.launch") / "profiles")


def _own() -> dict[str, Traversable]:
    folder = _own_folder()
    return _yaml_files(folder) if folder else {}


def _called(name: str, file: Traversable) -> ClusterProfile:
    """Read a profile; its file's name and its own must be the same."""
    profile = _read(file)
    if profile.name != name:
        raise LaunchError(f"{file}: `name: {profile.name}` differs from the file's name; make them equal.")
    return profile


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
