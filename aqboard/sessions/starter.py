"""A starter for somebody's own model: a target with comments, a plan, and a stand-in that makes it run at once."""

import getpass
import re
from pathlib import Path

import jinja2

from aqboard.domain.errors import TargetError

TEMPLATES = Path(__file__).parent / "starter"
FILES: tuple[str, ...] = ("aqboard_target.py", "plan.yaml", "demo_model.py")


def write_starter(folder: Path) -> tuple[Path, ...]:
    """Write the starter into `folder`, which must be empty or not exist yet; the files that were written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TargetError(f"{folder} is not empty; name a new folder, so that nothing of yours is overwritten.")
        texts = render(folder.resolve().name, _author())
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise TargetError(f"{folder} cannot be written: {error.strerror}.") from None
    return tuple(folder / name for name in texts)


def render(name: str, author: str) -> dict[str, str]:
    """The starter's files as text, by file name."""
    # S701: these are Python and YAML, not HTML; what is put into the YAML passes `tojson`.
    environment = jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    job = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "target"
    # In a docstring the name must stay on its line and must not end it.
    plain = re.sub(r"[^\w .,()+-]", "_", name)
    return {file: environment.get_template(f"{file}.j2").render(name=plain, author=author, job=job) for file in FILES}


def _author() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user, as in some containers
        return "unknown"
