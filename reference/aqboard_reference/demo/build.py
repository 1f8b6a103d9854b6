"""The demo launches. Nothing about their outcomes is written down anywhere: they come out of the checks."""

from collections.abc import Callable
from pathlib import Path

from aqboard.api import Demo

FOLDER = Path(__file__).resolve().parents[3] / "data" / "demo"
Say = Callable[[str], None]


def _prepare(say: Say) -> None:
    from aqboard_reference.demo.artefacts import ensure_validation_store  # torch: no other command should wait for it

    ensure_validation_store(FOLDER, say=say)


def _full(folder: Path, say: Say) -> list[Path]:
    from aqboard_reference.demo.artefacts import real_size_artefacts

    return real_size_artefacts(folder, say=say)


DEMO = Demo(plans=(FOLDER / "as_found.yaml", FOLDER / "fixed.yaml"), prepare=_prepare, full=_full)
