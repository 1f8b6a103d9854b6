"""Whose code may run: what a person has agreed to on the command line, and what the installation allows.

A plan names code that the probe process will run with the rights of whoever starts it. On the command line a person
is asked once per file; the web process, which acts for others, offers only what the installation's configuration names.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import ValidationError

from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.errors import AqboardError, TargetError
from aqboard.domain.model import Record, first_fault
from aqboard.domain.plan import OWN_BUILDER, Builder, TargetPlan
from aqboard.location import config_folder
from aqboard.readers.digest import file_digest

VARIABLE = "AQBOARD_TARGETS"
"""Names the file with the targets that this installation allows; `targets.yaml` in the config folder without it."""


class Trusted(Record):
    """One file that somebody agreed to run, as it was then."""

    file: Path
    sha256: str
    agreed_at: datetime


class AllowedTarget(Record):
    """A target that the web form may offer: everything that decides which code runs."""

    builder: Builder
    workdir: Path | None = None
    python_path: tuple[Path, ...] = ()


def foreign_code(attempt: Attempt) -> InputFile | None:
    """The file of the plan's own builder, or None where only aqboard's code runs."""
    return next((file for file in attempt.inputs if file.key == "target.builder"), None)


def is_trusted(code: InputFile) -> bool:
    """Whether this very file, with this content, has been agreed to before."""
    return any((known.file, known.sha256) == (code.path, code.sha256) for known in _trusted())


def trust(code: InputFile) -> None:
    """Remember the agreement. Another file, or the same one after a change, is asked for again."""
    known = [*_trusted(), Trusted(file=code.path, sha256=code.sha256, agreed_at=datetime.now(UTC))]
    path = _trust_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps([entry.model_dump(mode="json") for entry in known], indent=2), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise TargetError(f"{path} cannot be written ({error.strerror}), so the agreement is not remembered.") from None


def allowed_targets() -> tuple[AllowedTarget, ...]:
    """What the web form may offer: the reference model, and what the installation's configuration lists."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else config_folder() / "targets.yaml"
    own = AllowedTarget(builder=OWN_BUILDER)
    if not named and not path.exists():
        return (own,)
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        if not isinstance(listed, list):
            raise AqboardError(f"{path} must be a list of targets, each with `builder`.")
        return (own, *(AllowedTarget.model_validate(entry) for entry in listed))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AqboardError(f"The list of allowed targets {path} cannot be read: {error}") from None
    except ValidationError as error:
        raise AqboardError(f"{path}: {first_fault(error)}") from None


def allowed_builders() -> tuple[str, ...]:
    """The builders of `allowed_targets`, for a list to choose from."""
    return tuple(dict.fromkeys(target.builder for target in allowed_targets()))


def refuse_unless_allowed(target: TargetPlan) -> None:
    """Raise TargetError unless the configuration allows exactly this code: builder, folders and working directory."""
    asked = AllowedTarget(builder=target.builder, workdir=target.workdir, python_path=target.python_path)
    if asked not in allowed_targets():
        raise TargetError(
            f"target.builder: {target.builder} with these folders is not among the targets that this installation "
            f"allows ({', '.join(allowed_builders())}). Whoever runs it can list it in the file {VARIABLE} names."
        )


def refuse_unless_agreed(attempt: Attempt) -> None:
    """Raise TargetError unless the web process may have this attempt's code run.

    It may when the code is aqboard's own, when the configuration allows the target, or when somebody agreed to this
    very file on the command line, with this server's account, and the file is still the one that was agreed to.
    """
    code = foreign_code(attempt)
    if code is None:
        return
    if is_trusted(code):
        if file_digest(code.path).sha256 != code.sha256:
            raise TargetError(f"{code.path} has changed since somebody agreed to run it. Check the plan again.")
        return
    try:
        refuse_unless_allowed(attempt.plan.target)
    except TargetError as error:
        raise TargetError(
            f"This attempt runs code that is not aqboard's, with the rights of whoever serves the board: "
            f"{attempt.plan.target.builder} in {code.path}. {error.message} Or somebody agrees with that account, by "
            "`aqboard check PLAN --trust-target`."
        ) from None


def _trust_file() -> Path:
    return config_folder() / "trusted_targets.json"


def _trusted() -> tuple[Trusted, ...]:
    path = _trust_file()
    if not path.exists():
        return ()
    try:
        return tuple(Trusted.model_validate(entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise AqboardError(f"{path} cannot be read ({error}). Delete it; you will be asked again.") from None
