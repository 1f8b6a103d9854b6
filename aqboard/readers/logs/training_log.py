"""Loss curves out of the log of a training: Lightning's CSV, also while it is written, or a TensorBoard event file.

While it runs, what has been written last may be torn: a CSV line without its end could show 0.3 for 0.356, so it is
left for the next time. A file is read up to a limit, and never waited for.
"""

import csv
import io
import math
from pathlib import Path

from aqboard.domain.evidence.loss import CurvePoint
from aqboard.readers.errors import ReadError
from aqboard.readers.logs.event_file import read_scalars
from aqboard.readers.source import FileSource

MAX_BYTES = 256 << 20
MAX_LIVE_BYTES = 64 << 20
"""A CSV of a million steps has about 40 MB."""

EVENTS = "tfevents"
"""Stands in the name of every event file."""

TRAIN, VAL = ("train_loss", "train_loss_step", "train_loss_epoch"), ("val_loss", "val_loss_epoch")


def read_training_log(path: Path) -> tuple[CurvePoint, ...]:
    """Every row that has a finite training or validation loss, in the order of the file.

    Raises ReadError when the file cannot be read, has no `step` column, or holds no loss at all.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError(f"{path} is larger than {MAX_BYTES >> 20} MiB; that is no training log.", code="too-large")
        with path.open(newline="", encoding="utf-8") as file:
            points = _curve_points(path, csv.DictReader(file))
    except OSError as error:
        raise ReadError(f"The training log {path} cannot be read: {error.strerror}.", code="unreadable") from None
    except (UnicodeDecodeError, csv.Error):
        raise ReadError(f"{path} is not a CSV training log.", code="not-csv") from None
    if not points:
        raise ReadError(f"{path} holds no finite {TRAIN[0]} or {VAL[0]}; is it the log of a training?", code="no-curve")
    return tuple(points)


def read_live_log(path: Path) -> tuple[CurvePoint, ...]:
    """Every row so far that has a finite training or validation loss, in the order of the file; perhaps none.

    Raises ReadError when the file cannot be read or is no training log. An empty file is a log that begins.
    """
    try:
        with FileSource(path) as source:
            if EVENTS in path.name:
                return _from_events(source)
            return _from_csv(source)
    except ReadError as error:
        if error.code == "empty":
            return ()
        raise


def _from_csv(source: FileSource) -> tuple[CurvePoint, ...]:
    content = source.read(0, min(source.size, MAX_LIVE_BYTES))
    whole, _, _ = content.rpartition(b"\n")
    if not whole:
        return ()
    try:
        rows = csv.DictReader(io.StringIO(whole.decode(), newline=""))
        return tuple(_curve_points(source.path, rows))
    except (UnicodeDecodeError, csv.Error):
        raise ReadError(f"{source.path} is not a CSV training log.", code="not-csv") from None


def _from_events(source: FileSource) -> tuple[CurvePoint, ...]:
    """One point per step. Lightning logs each value under its name, and the epoch as one more value."""
    rows: dict[int, dict[str, float]] = {}
    for scalar in read_scalars(source, MAX_LIVE_BYTES):
        name = "train_loss" if scalar.tag in TRAIN else "val_loss" if scalar.tag in VAL else scalar.tag
        if name in ("train_loss", "val_loss", "epoch") and math.isfinite(scalar.value):
            rows.setdefault(scalar.step, {})[name] = scalar.value
    return tuple(
        CurvePoint(
            step=step,
            epoch=int(row["epoch"]) if "epoch" in row else None,
            train_loss=row.get("train_loss"),
            val_loss=row.get("val_loss"),
        )
        for step, row in sorted(rows.items())
        if "train_loss" in row or "val_loss" in row
    )


def _curve_points(path: Path, rows: "csv.DictReader[str]") -> list[CurvePoint]:
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
