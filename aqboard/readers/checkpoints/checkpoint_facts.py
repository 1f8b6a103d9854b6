"""What a checkpoint says about the training that wrote it, without its tensor data."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from aqboard.domain.checkpoint import BestScore, CheckpointSummary, OptimizerFacts, ParamGroup, TensorSpec
from aqboard.readers.checkpoints.tensors import TensorView
from aqboard.readers.pickles.plain import Plain, clean
from aqboard.readers.pickles.reader import Document

_IN_NAME = re.compile(r"([A-Za-z][A-Za-z_/]*?)=(-?\d+(?:\.\d+)?(?:e-?\d+)?)(?=[^\d.]|\.\D|$)")

# The same entry can stand in a list a million times; looking at each would take for ever.
_MAX_LISTED = 32
_MAX_STATE = 200_000


def summarise(
    path: Path, document: Document, views: Mapping[str, TensorView], extra: dict[str, Any]
) -> CheckpointSummary:
    """All facts about a checkpoint that its metadata holds; absent ones are None or empty."""
    content: Mapping[Any, Any] = document.value
    plain = Plain(document.source)
    callbacks = plain.dictionary(content.get("callbacks"))
    status = document.source.stat
    return CheckpointSummary(
        path=str(path),
        size=status.st_size,
        mtime=status.st_mtime,
        container=document.container,
        tensors={key: TensorSpec(shape=view.shape, dtype=view.dtype) for key, view in views.items()},
        parameters=sum(view.numel for view in views.values()),
        tensor_bytes=sum(view.numel * view.itemsize for view in views.values()),
        epoch=_integer(content.get("epoch")),
        global_step=_integer(content.get("global_step")),
        lightning_version=_text(content.get("pytorch-lightning_version")),
        hyper_parameters=plain.dictionary(content.get("hyper_parameters")),
        best=best_score(path.name, callbacks),
        callbacks=callbacks,
        optimizers=tuple(_optimizer(state, plain) for state in _list(content.get("optimizer_states"))[:_MAX_LISTED]),
        schedulers=tuple(plain.convert(state) for state in _list(content.get("lr_schedulers"))[:_MAX_LISTED]),
        loops=plain.dictionary(content.get("loops")),
        extra=extra,
        warnings=document.warnings,
    )


def best_score(file_name: str, callbacks: Mapping[str, Any]) -> BestScore | None:
    """ModelCheckpoint's record held against the value in the file's name; None where there is neither.

    The score of *this* file is looked up by its name, as training saved it, among the best of the run.
    """
    states = [state for state in callbacks.values() if isinstance(state, dict) and "best_model_score" in state]
    state: dict[str, Any] = states[0] if states else {}
    monitor = state.get("monitor") or "val_loss"
    of_this_file = next(
        (score for path, score in (state.get("best_k_models") or {}).items() if Path(path).name == file_name),
        state.get("current_score"),
    )
    named = _value_in_name(file_name, str(monitor))
    if not states and named is None:
        return None
    score = _number(of_this_file)
    agrees = None if score is None or named is None else _same_as_printed(score, named)
    return BestScore(
        monitor=str(monitor),
        best=_number(state.get("best_model_score")),
        best_path=_text(state.get("best_model_path")),
        of_this_file=score,
        in_file_name=None if named is None else float(named),
        agrees=agrees,
    )


def _value_in_name(name: str, monitor: str) -> str | None:
    """The digits after `val_loss=` in `best-val_loss_val_loss=0.3557-step_step=311.ckpt`."""
    for label, digits in _IN_NAME.findall(name):
        if label == monitor or label.endswith(f"_{monitor}"):
            return str(digits)
    return None


def _same_as_printed(score: float, digits: str) -> bool:
    """Whether a score, rounded to the digits printed, is what is printed."""
    decimals = len(digits.partition("e")[0].partition(".")[2])
    if "e" in digits:
        return abs(score - float(digits)) <= 1e-3 * abs(score)
    return abs(score - float(digits)) <= 0.5000001 * 10.0**-decimals


def _optimizer(state: Any, plain: Plain) -> OptimizerFacts:
    fields = state if isinstance(state, dict) else {}
    groups = [group for group in _list(fields.get("param_groups")) if isinstance(group, dict)][:_MAX_LISTED]
    tensors = list(islice(_tensors(fields.get("state")), _MAX_STATE))
    steps = (entry.get("step") for entry in _values(fields.get("state")) if isinstance(entry, dict))
    return OptimizerFacts(
        groups=tuple(
            ParamGroup(
                params=len(_list(group.get("params"))),
                settings=plain.dictionary({name: value for name, value in group.items() if name != "params"}),
            )
            for group in groups
        ),
        state_tensors=len(tensors),
        state_bytes=sum(view.numel * view.itemsize for view in tensors),
        step=_number(plain.convert(next(steps, None))),
    )


def _tensors(state: Any) -> Iterator[TensorView]:
    for entry in _values(state):
        yield from (item for item in _values(entry) if isinstance(item, TensorView))


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _integer(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < 1 << 63 else None


def _number(value: Any) -> float | None:
    """A number, also one that JSON could not hold and that became text (`nan`, `inf`)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) and value else None
