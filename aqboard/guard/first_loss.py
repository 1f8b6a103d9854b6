"""Measure the validation loss as it was measured before the sign-off, and leave no trace in the training.

The training's own `validation_step` is called, on the first samples of its validation data, in evaluation mode and in
the training's precision. What it logs is caught instead of logged. Module modes, metrics and random numbers are put
back, so that a guarded training computes bit by bit what it computes without the guard.
"""

import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from itertools import accumulate, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from aqboard.guard.weights import SHARDING


class CannotMeasure(Exception):
    """The loss cannot be measured in this training; the message says why and what to change."""


def validation_loader(trainer: Any, module: Any) -> DataLoader[Any]:
    """The (first) loader of the validation data. Raises CannotMeasure."""
    loaders = trainer.val_dataloaders
    if loaders is None:  # not set up yet: this training validates late, or never
        source = trainer.datamodule if trainer.datamodule is not None else module
        loaders = source.val_dataloader()
    while isinstance(loaders, Sequence | Mapping) and loaders:
        loaders = next(iter(loaders.values() if isinstance(loaders, Mapping) else loaders))
    if not isinstance(loaders, DataLoader):
        raise CannotMeasure(
            "the training has no validation DataLoader, so its first loss cannot be held against the signed one; "
            "hand it one"
        )
    return loaders


def repeatable(loader: DataLoader[Any]) -> bool:
    """Whether samples can be asked for by number; a stream gives whatever comes next."""
    return not isinstance(loader.dataset, IterableDataset)


def subset_batches(loader: DataLoader[Any], sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """(samples, batch) of the wanted batches of the subset, numbered as its `sizes`. Raises CannotMeasure."""
    if not repeatable(loader):
        for batch in islice(loader, len(wanted)):
            yield 0, batch
        return
    dataset: Any = loader.dataset
    whole = loader.batch_size is None and loader.batch_sampler is None  # the data set gives batches by itself
    needed = len(sizes) if whole else sum(sizes)
    if len(dataset) < needed:
        raise CannotMeasure(
            f"the validation data has {len(dataset)} {'batches' if whole else 'samples'}, the loss was signed for the "
            f"first {needed}; see the data folder and the selection of the training"
        )
    # A worker reads where the training's workers do: some files must not be open in the process that forks them.
    reading: dict[str, Any] = {
        "collate_fn": loader.collate_fn,
        "num_workers": min(1, loader.num_workers),
        "worker_init_fn": loader.worker_init_fn,
        "multiprocessing_context": loader.multiprocessing_context,
        "generator": torch.Generator(),
    }
    if whole:
        batches = DataLoader(dataset, batch_size=None, sampler=list(wanted), **reading)
    else:
        starts = (0, *accumulate(sizes))
        indices = [list(range(starts[number], starts[number + 1])) for number in wanted]
        batches = DataLoader(dataset, batch_sampler=indices, **reading)
    yield from zip((sizes[number] for number in wanted), batches, strict=True)


def measure(trainer: Any, module: Any, batches: Iterator[tuple[int, Any]], metric: str) -> list[tuple[float, int]]:
    """(loss, samples) of each batch; NaN is measured, not raised. Raises CannotMeasure, and what the step raises."""
    losses = []
    with torch.no_grad(), _untouched(trainer, module), _caught_log(module) as logged:
        for number, (samples, batch) in enumerate(batches):
            logged.clear()
            placed = _placed(trainer, module, batch)
            output = _step(trainer, module)(*_arguments(module, placed, number))
            losses.append((_loss(logged, output, metric), samples))
    return losses


def _step(trainer: Any, module: Any) -> Callable[..., Any]:
    """The validation step. Only where weights are in parts does it go through the strategy's wrapper: that of DDP would
    send rank 0's buffers to the others, and so mend what should be seen."""
    if type(trainer.strategy).__name__ in SHARDING:
        step: Callable[..., Any] = trainer.strategy.validation_step
        return step

    def plain(*arguments: Any) -> Any:
        with trainer.precision_plugin.val_step_context():
            return module.validation_step(*arguments)

    return plain


def _arguments(module: Any, batch: Any, number: int) -> tuple[Any, ...]:
    """What the step takes: the batch, then its number, then that of the loader."""
    names = list(inspect.signature(module.validation_step).parameters)
    if not names or "dataloader_iter" in names:
        raise CannotMeasure("the validation step takes its batches by itself; give it the signature (batch, batch_idx)")
    return (batch, number, 0)[: len(names)]


def _placed(trainer: Any, module: Any, batch: Any) -> Any:
    """The batch where and as the training's own loop would hand it over."""
    batch = trainer.precision_plugin.convert_input(batch)
    batch = module._on_before_batch_transfer(batch, dataloader_idx=0)
    return trainer.strategy.batch_to_device(batch, dataloader_idx=0)


def _loss(logged: Mapping[str, Any], output: Any, metric: str) -> float:
    found = logged.get(metric)
    if not isinstance(found, Tensor | int | float):
        found = output.get(metric, output.get("loss")) if isinstance(output, Mapping) else output
    if not isinstance(found, Tensor | int | float) or isinstance(found, bool):
        raise CannotMeasure(f"the validation step neither logs {metric} nor returns a loss; let it do one of the two")
    return float(found)


@contextmanager
def _caught_log(module: Any) -> Iterator[dict[str, Any]]:
    """What the module logs, by name, instead of logging it: outside its loop Lightning would refuse."""
    logged: dict[str, Any] = {}

    def log(name: str, value: Any, *_: Any, **__: Any) -> None:
        logged[name] = value

    def log_dict(values: Mapping[str, Any], *_: Any, **__: Any) -> None:
        logged.update(values)

    module.log, module.log_dict = log, log_dict
    try:
        yield logged
    finally:
        del module.log, module.log_dict


@contextmanager
def _untouched(trainer: Any, module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; after it modes, metrics, random numbers and the trainer's stage are what they were."""
    modes = {part: part.training for part in module.modules()}
    metrics = [(part, _state(part)) for part in modes if hasattr(part, "_defaults") and hasattr(part, "reset")]
    stage, numbers, others = trainer.state.stage, random.getstate(), np.random.get_state()
    device = trainer.strategy.root_device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        trainer.sanity_checking = True  # what is not to be logged or saved then, is not to be now
        module.eval()
        try:
            yield
        finally:
            for part, mode in modes.items():
                part.training = mode
            for part, state in metrics:
                for name, value in state.items():
                    setattr(part, name, value)
            trainer.state.stage = stage
            random.setstate(numbers)
            np.random.set_state(others)


def _state(metric: Any) -> dict[str, Any]:
    """Of a torchmetrics Metric, which counts what it is shown."""
    names = (*metric._defaults, "_update_count", "_computed", "_forward_cache")
    return {name: deepcopy(getattr(metric, name)) for name in names if hasattr(metric, name)}
