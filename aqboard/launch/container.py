"""What stands in front of every command of a job that runs in a container: the runtime, its options, its binds."""

from collections.abc import Iterable
from pathlib import PurePath

from aqboard.domain.cluster import ClusterProfile
from aqboard.domain.errors import LaunchError
from aqboard.domain.model import Record
from aqboard.domain.plan import LaunchPlan


class Container(Record):
    """A container as the script starts it; every field is written through a quoting filter."""

    start: tuple[str, ...]
    """Runtime, `run`, and the options of the cluster's profile."""
    binds: tuple[str, ...]
    image: str


def container_of(plan: LaunchPlan, profile: ClusterProfile) -> Container | None:
    """The container of the plan's job; None when it has none.

    The folders of the input files, the data and the working directory are bound, so that preflight and training see
    in the container what was checked outside. Raises LaunchError for a folder whose name the runtime would misread.
    """
    wanted = plan.cluster.container
    if wanted is None:
        return None
    known = profile.container
    runtime = wanted.runtime or (known.runtime if known else "singularity")
    folders = [plan.cluster.workdir, plan.data.directory.as_posix()]
    folders += [path.parent.as_posix() for _, path in plan.input_files()]
    return Container(
        start=(runtime, "run", *(known.options if known else ())),
        binds=(*map(bindable, outermost(folders)), *wanted.binds),
        image=wanted.image.as_posix(),
    )


def bindable(folder: str) -> str:
    """`folder` as it stands in `--bind`; raises LaunchError where a colon or comma would make it mean another."""
    if any(sign in folder for sign in ",:"):
        raise LaunchError(
            f"The folder {folder!r} cannot be bound into a container: a comma or colon in its name would be read as "
            "another folder. Move what it holds, or rename it."
        )
    return folder


def outermost(folders: Iterable[str]) -> tuple[str, ...]:
    """The folders that lie in none of the others, each once, in the order given."""
    once = list(dict.fromkeys(PurePath(folder) for folder in folders))
    return tuple(path.as_posix() for path in once if not any(parent in once for parent in path.parents))
