"""Read the log of a training while the training writes it: Lightning's CSV, or a TensorBoard event file.

What has been written last may be torn: a CSV line without its end could show 0.3 for 0.356, so it is left for the
next time. A file is read up to a limit, and never waited for.
"""

import csv
import io
import math
from pathlib import Path

from aqboard.domain.evidence import CurvePoint
from aqboard.readers.errors import ReadError
from aqboard.readers.logs.event_file import read_scalars
from aqboard.readers.logs.training_log import TRAIN, VAL, curve_points
from aqboard.readers.source import FileSource

MAX_BYTES = 64 << 20
"""A CSV of a million steps has about 40 MB."""

EVENTS = "tfevents"
"""Stands in the name of every event file."""


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
    content = source.read(0, min(source.size, MAX_BYTES))
    whole, _, _ = content.rpartition(b"\n")
    if not whole:
        return ()
    try:
        rows = csv.DictReader(io.StringIO(whole.decode(), newline=""))
        return tuple(curve_points(source.path, rows))
    except (UnicodeDecodeError, csv.Error):
        raise ReadError(f"{source.path} is not a CSV training log.", code="not-csv") from None


def _from_events(source: FileSource) -> tuple[CurvePoint, ...]:
    """One point per step. Lightning logs each value under its name, and the epoch as one more value."""
    rows: dict[int, dict[str, float]] = {}
    for scalar in read_scalars(source, MAX_BYTES):
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
