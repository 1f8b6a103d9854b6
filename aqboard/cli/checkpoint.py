"""`aqboard checkpoint`: what a checkpoint holds, how two differ, how its keys fit a model."""

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from aqboard.cli import tables
from aqboard.cli.options import AsJson
from aqboard.cli.output import FOUND, OK, print_json, report_errors
from aqboard.domain.checkpoint import CheckpointSummary, HealthReport, IntegrityReport, TensorSpec
from aqboard.readers import guarded
from aqboard.readers.align.match import align_keys
from aqboard.readers.errors import ReadError
from aqboard.readers.source import FileSource

app = typer.Typer(help="Checkpoints: inspect, diff, align. Tensor data is read only when asked.", no_args_is_help=True)

_MAX_SPECS = 16 << 20

File = Annotated[Path, typer.Argument(help="A checkpoint: torch .ckpt, .pt or .pth, or .safetensors.")]


@app.command()
def inspect(
    file: File,
    crc: Annotated[bool, typer.Option("--crc", help="Read all records and check their checksums.")] = False,
    health: Annotated[bool, typer.Option("--health", help="Read all tensors: NaN, zero, never trained.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a checkpoint holds. Exit 1 when it is damaged, holds NaN, or contradicts its file name."""
    with report_errors(as_json=as_json):
        summary = guarded.summarise_checkpoint(file)
        integrity = guarded.check_integrity(file) if crc else None
        condition = guarded.tensor_health(file) if health else None
    if as_json:
        print_json(
            {
                **summary.model_dump(mode="json"),
                "integrity": integrity.model_dump(mode="json") if integrity else None,
                "health": condition.model_dump(mode="json") if condition else None,
            }
        )
    else:
        tables.tell_summary(summary, integrity, condition)
    raise typer.Exit(FOUND if _faulty(summary, integrity, condition) else OK)


@app.command()
def diff(a: File, b: File, as_json: AsJson = False) -> None:
    """Compare two checkpoints, tensors bit by bit and settings value by value. Exit 1 when anything differs."""
    with report_errors(as_json=as_json):
        found = guarded.diff_checkpoints(a, b)
    if as_json:
        print_json(found)
    else:
        tables.tell_diff(found)
    raise typer.Exit(OK if found.same_tensors and not found.settings else FOUND)


@app.command()
def align(
    file: File,
    model: Annotated[
        Path,
        typer.Argument(help='The model: another checkpoint, or JSON {"key": {"shape": [..], "dtype": "float32"}}.'),
    ],
    as_json: AsJson = False,
) -> None:
    """Match a checkpoint's keys with a model's. Exit 0 when all of the model loads as it is, 1 otherwise."""
    with report_errors(as_json=as_json):
        found = align_keys(guarded.summarise_checkpoint(file).tensors, _model_specs(model))
    if as_json:
        print_json(found)
    else:
        tables.tell_alignment(found)
    raise typer.Exit(OK if found.complete and not found.remapped else FOUND)


def _model_specs(path: Path) -> dict[str, TensorSpec]:
    """Specs by key, from JSON or from another checkpoint."""
    if path.suffix.lower() != ".json":
        return guarded.summarise_checkpoint(path).tensors
    with FileSource(path) as source:
        if source.size > _MAX_SPECS:
            raise ReadError(f"{path} has {source.size} bytes, too many for a list of keys.", code="too-big")
        text = source.read(0, source.size)
    try:
        return TypeAdapter(dict[str, TensorSpec]).validate_python(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        raise ReadError(
            f'{path} is not a list of keys; expected is {{"key": {{"shape": [8, 4], "dtype": "float32"}}, ...}}.',
            code="wrong-format",
        ) from None


def _faulty(summary: CheckpointSummary, integrity: IntegrityReport | None, health: HealthReport | None) -> bool:
    return bool(
        (summary.best and summary.best.agrees is False)
        or (integrity and integrity.verdict == "damaged")
        or (health and health.faulty)
    )
