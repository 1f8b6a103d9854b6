"""Read the CSV log of a training (Lightning's CSVLogger): loss curves, whatever else the columns hold."""

import csv
import math
from pathlib import Path

from aqboard.domain.evidence import CurvePoint
from aqboard.readers.errors import ReadError

MAX_BYTES = 256 << 20
TRAIN, VAL = ("train_loss", "train_loss_step", "train_loss_epoch"), ("val_loss", "val_loss_epoch")


def read_training_log(path: Path) -> tuple[CurvePoint, ...]:
    """Every row that has a finite training or validation loss, in the order of the file.

    Raises ReadError when the file cannot be read, has no `step` column, or holds no loss at all.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(f"{path} is larger than {MAX_BYTES >> 20} MiB; that is no training log.", code="too-large")
        with path.open(newline="", encoding="utf-8") as file:
            points = curve_points(path, csv.DictReader(file))
    except OSError as error:
        raise ReadError(f"The training log {path} cannot be read: {error.strerror}.", code="unreadable") from None
    except (UnicodeDecodeError, csv.Error):
        raise ReadError(f"{path} is not a CSV training log.", code="not-csv") from None
    if not points:
        raise ReadError(f"{path} holds no finite {TRAIN[0]} or {VAL[0]}; is it the log of a training?", code="no-curve")
    return tuple(points)


def curve_points(path: Path, rows: "csv.DictReader[str]") -> list[CurvePoint]:
    """The rows that have a finite loss; raises ReadError without a column `step`. `path` is for its words alone."""
    columns = rows.fieldnames or []
    if "step" not in columns:
        raise ReadError(f"{path} has no column `step`; it has {', '.join(columns[:8]) or 'none'}.", code="not-csv")
    points = []
    for row in rows:
        step, train, val = _number(row.get("step")), _first(row, TRAIN), _first(row, VAL)
        if step is not None and (train is not None or val is not None):
            epoch = _number(row.get("epoch"))
            points.append(
                CurvePoint(step=int(step), epoch=None if epoch is None else int(epoch), train_loss=train, val_loss=val)
            )
    return points


def _first(row: dict[str, str], names: tuple[str, ...]) -> float | None:
    return next((value for name in names if (value := _number(row.get(name))) is not None), None)


def _number(text: str | None) -> float | None:
    """A finite number, or None: a diverged or torn row must not break the rest of the curve."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
