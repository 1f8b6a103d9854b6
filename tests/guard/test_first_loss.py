"""The validation loss, measured in a training that must not notice: with stand-ins for Lightning, case by case.

Real trainings, with Lightning itself, are in test_launch_guard.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from aqboard.guard import first_loss
from aqboard.guard.first_loss import CannotMeasure, measure, repeatable, subset_batches, validation_loader


class Numbers(Dataset[int]):
    """The numbers from 0 on, so that a batch says which samples it holds."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        if index >= self._count:
            raise IndexError(index)
        return index


class Stream(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        return iter(range(100))


class Precision:
    def __init__(self) -> None:
        self.inside = False

    @contextmanager
    def val_step_context(self) -> Iterator[None]:
        self.inside = True
        yield
        self.inside = False

    def convert_input(self, batch: Any) -> Any:
        return ("converted", batch)


class Strategy:
    root_device = torch.device("cpu")

    def __init__(self) -> None:
        self.wrapped: list[Any] = []

    def batch_to_device(self, batch: Any, dataloader_idx: int) -> Any:
        return ("placed", batch, dataloader_idx)

    def validation_step(self, *arguments: Any) -> float:
        self.wrapped.append(arguments)
        return 7.0


class FSDPStrategy(Strategy):
    """Named as Lightning's."""


class Trainer:
    def __init__(self, strategy: Strategy | None = None) -> None:
        self.strategy, self.precision_plugin = strategy or Strategy(), Precision()
        self.state = SimpleNamespace(stage="train")

    @property
    def sanity_checking(self) -> bool:
        return bool(self.state.stage == "sanity")

    @sanity_checking.setter
    def sanity_checking(self, on: bool) -> None:
        self.state.stage = "sanity" if on else None


class Metric(nn.Module):
    """Counts what it is shown, as those of torchmetrics do."""

    def __init__(self) -> None:
        super().__init__()
        self._defaults = {"seen": []}
        self.seen: list[int] = [1]
        self._update_count = 1

    def reset(self) -> None: ...


class Recurrent(nn.Module):
    """Has a state of its own to reset, and is no metric."""

    def reset(self) -> None: ...


class Module(nn.Module):
    """Its step is `step(module, *arguments)`."""

    def __init__(self, step: Any) -> None:
        super().__init__()
        self.metric, self.frozen, self.cell = Metric(), nn.Dropout(), Recurrent()
        self.asked: list[Any] = []
        self.frozen.eval()
        self._step = step

    def _on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        return ("before", batch, dataloader_idx)

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        self.asked.append((batch, batch_idx))
        return self._step(self, batch, batch_idx)

    def log(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("outside its loop Lightning refuses")

    log_dict = log


def losses(step: Any, *batches: Any, trainer: Trainer | None = None) -> list[tuple[float, int]]:
    return measure(trainer or Trainer(), Module(step), iter(batches or [(2, "a batch")]), "val_loss")


# ---------------------------------------------------------------- which loader, which samples

LOADER, OTHER = DataLoader(Numbers(4)), DataLoader(Numbers(4))


@pytest.mark.parametrize("loaders", [LOADER, [LOADER, OTHER], {"a": LOADER, "b": OTHER}, [{"a": [LOADER]}, OTHER]])
def test_the_first_validation_loader_is_the_one(loaders: Any) -> None:
    trainer = SimpleNamespace(val_dataloaders=loaders, datamodule=None)
    assert validation_loader(trainer, None) is LOADER
    source = SimpleNamespace(val_dataloader=lambda: loaders)
    none = SimpleNamespace(val_dataloader=lambda: None)
    assert validation_loader(SimpleNamespace(val_dataloaders=None, datamodule=source), none) is LOADER
    assert validation_loader(SimpleNamespace(val_dataloaders=None, datamodule=None), source) is LOADER


@pytest.mark.parametrize("loaders", [[], {}, "", [[]], 7, iter([1])])
def test_a_training_without_one_cannot_be_measured(loaders: Any) -> None:
    with pytest.raises(CannotMeasure, match="has no validation DataLoader"):
        validation_loader(SimpleNamespace(val_dataloaders=loaders, datamodule=None), None)


def test_only_what_has_numbers_can_be_asked_for_again() -> None:
    assert repeatable(DataLoader(Numbers(4)))
    assert not repeatable(DataLoader(Stream()))


def taken(loader: DataLoader[Any], sizes: tuple[int, ...], wanted: tuple[int, ...]) -> list[tuple[int, list[int]]]:
    return [(samples, list(map(int, batch))) for samples, batch in subset_batches(loader, sizes, wanted)]


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(Numbers(6), batch_size=4, shuffle=True),
        DataLoader(Numbers(9), batch_size=1),
        DataLoader(Numbers(6), batch_sampler=[[5, 4], [3]]),
    ],
)
def test_the_first_samples_in_their_own_order_however_the_training_batches_them(loader: DataLoader[Any]) -> None:
    assert taken(loader, (2, 3, 1), (0, 1, 2)) == [(2, [0, 1]), (3, [2, 3, 4]), (1, [5])]
    assert taken(loader, (2, 3, 1), (2, 0)) == [(1, [5]), (2, [0, 1])]


def test_fewer_samples_than_were_signed() -> None:
    with pytest.raises(CannotMeasure, match=r"has 5 samples, the loss was signed for the first 6; see the data folder"):
        taken(DataLoader(Numbers(5)), (2, 3, 1), (0,))


def test_a_data_set_that_gives_batches_by_itself_is_asked_for_batches() -> None:
    batches: Any = [torch.tensor([10, 11]), torch.tensor([12])]
    assert taken(DataLoader(batches, batch_size=None), (2, 1), (1, 0)) == [(1, [12]), (2, [10, 11])]
    with pytest.raises(CannotMeasure, match=r"has 2 batches, the loss was signed for the first 3"):
        taken(DataLoader(batches, batch_size=None), (1, 1, 1), (0,))


def test_a_stream_gives_what_comes_next_as_many_batches_as_are_wanted() -> None:
    assert taken(DataLoader(Stream(), batch_size=3), (2, 2, 2, 2), (2, 3)) == [(0, [0, 1, 2]), (0, [3, 4, 5])]


@pytest.mark.parametrize(("workers", "used"), [(0, 0), (1, 1), (8, 1)])
@pytest.mark.parametrize("whole", [False, True])
def test_samples_are_read_as_the_training_reads_them(
    monkeypatch: pytest.MonkeyPatch, workers: int, used: int, whole: bool
) -> None:
    """Collated by the same function, by one worker where the training has some, and drawing none of its numbers."""
    made = []

    class Seen(DataLoader[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            made.append(options)
            super().__init__(*arguments, **{**options, "num_workers": 0, "multiprocessing_context": None})

    monkeypatch.setattr(first_loss, "DataLoader", Seen)
    context = "fork" if workers else None
    loader: DataLoader[Any] = DataLoader(
        Numbers(4),
        batch_size=None if whole else 2,
        num_workers=min(1, workers),
        collate_fn=lambda found: [found] if whole else [100 + each for each in found],
        worker_init_fn=print,
        multiprocessing_context=context,
    )
    loader.num_workers = workers  # more than there are cores is a warning
    numbers = torch.get_rng_state()
    assert taken(loader, (2, 2), (1,)) == [(2, [1] if whole else [102, 103])]
    assert torch.equal(numbers, torch.get_rng_state())
    (options,) = made
    assert (options["num_workers"], options["worker_init_fn"]) == (used, print)
    assert options["multiprocessing_context"] is loader.multiprocessing_context


# ---------------------------------------------------------------- what the step takes and gives


def test_the_batch_arrives_as_the_trainings_own_loop_would_hand_it_over() -> None:
    trainer, module = Trainer(), Module(lambda module, batch, number: float(number))
    assert measure(trainer, module, iter([(2, "a"), (5, "b")]), "val_loss") == [(0.0, 2), (1.0, 5)]
    assert module.asked == [(("placed", ("before", ("converted", each), 0), 0), i) for i, each in enumerate("ab")]


def _logs(module: Any, batch: Any, number: int) -> float:
    module.log("val_loss", 0.5, prog_bar=True)
    return 9.0


def _logs_many(module: Any, batch: Any, number: int) -> dict[str, float]:
    module.log_dict({"val_loss": torch.tensor(0.5), "other": 3.0}, on_epoch=True)
    return {"val_loss": 9.0}


@pytest.mark.parametrize(
    "step",
    [
        _logs,
        _logs_many,
        lambda *_: torch.tensor(0.5),
        lambda *_: 0.5,
        lambda *_: {"val_loss": 0.5, "loss": 9.0},
        lambda *_: {"loss": torch.tensor([0.5])},
    ],
)
def test_the_loss_is_what_is_logged_under_its_name_else_what_is_returned(step: Any) -> None:
    assert losses(step) == [(0.5, 2)]


@pytest.mark.parametrize("value", [None, "0.5", True, {"other": 0.5}, {}, {"loss": False}])
def test_a_step_that_gives_no_loss_cannot_be_measured(value: Any) -> None:
    with pytest.raises(CannotMeasure, match="neither logs val_loss nor returns a loss"):
        losses(lambda *_: value)


def test_whole_numbers_count_and_nan_is_measured_not_raised() -> None:
    (first, _), (second, _) = losses(lambda module, batch, number: 1 if number == 0 else torch.nan, (1, 0), (1, 0))
    assert first == 1.0
    assert second != second


def test_what_one_batch_logged_is_not_taken_for_the_next() -> None:
    def step(module: Any, batch: Any, number: int) -> float:
        if number == 0:
            module.log("val_loss", 0.5)
        return 0.25

    assert losses(step, (1, 0), (1, 0)) == [(0.5, 1), (0.25, 1)]


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        (lambda self, batch: self.say(batch), ("batch",)),
        (lambda self, batch, batch_idx: self.say(batch, batch_idx), ("batch", 0)),
        (lambda self, batch, batch_idx, dataloader_idx: self.say(batch, batch_idx, dataloader_idx), ("batch", 0, 0)),
    ],
)
def test_a_step_gets_the_arguments_that_it_takes(step: Any, arguments: tuple[Any, ...]) -> None:
    class Asked(Module):
        validation_step = step

        def say(self, *found: Any) -> float:
            self.found = ("batch", *found[1:])
            return 0.5

    module = Asked(None)
    assert measure(Trainer(), module, iter([(2, "a")]), "val_loss") == [(0.5, 2)]
    assert module.found == arguments


@pytest.mark.parametrize("step", [lambda self: 0.5, lambda self, dataloader_iter: 0.5])
def test_a_step_that_takes_its_batches_by_itself_cannot_be_measured(step: Any) -> None:
    module = type("Own", (Module,), {"validation_step": step})(None)
    with pytest.raises(CannotMeasure, match=r"give it the signature \(batch, batch_idx\)"):
        measure(Trainer(), module, iter([(2, "a")]), "val_loss")


def test_only_weights_in_parts_go_through_the_strategys_wrapper() -> None:
    trainer = Trainer(FSDPStrategy())
    assert losses(lambda *_: 0.5, trainer=trainer) == [(7.0, 2)]
    assert len(trainer.strategy.wrapped) == 1
    plain = Trainer()

    def step(*_: Any) -> float:
        assert plain.precision_plugin.inside, "in the training's precision"
        return 0.5

    assert losses(step, trainer=plain) == [(0.5, 2)]
    assert plain.strategy.wrapped == []


# ---------------------------------------------------------------- nothing is left behind


def _noisy(module: Any, batch: Any, number: int) -> float:
    """Does to the training whatever a step can do."""
    assert not module.training
    assert not module.metric.training
    assert not torch.is_grad_enabled()
    module.metric.seen.append(number)
    module.metric._update_count += 1
    random.random()
    np.random.rand()
    torch.rand(3)
    return 0.5


def _fails(module: Any, batch: Any, number: int) -> float:
    _noisy(module, batch, number)
    raise ValueError("a bad file")


@pytest.mark.parametrize("step", [_noisy, _fails])
def test_the_training_is_left_as_it_was(step: Any) -> None:
    trainer, module = Trainer(), Module(step)
    stages = []

    def watched(*arguments: Any) -> float:
        stages.append(trainer.sanity_checking)
        return float(step(*arguments))

    module._step = watched
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[union-attr]
    try:
        measure(trainer, module, iter([(2, "a"), (2, "b")]), "val_loss")
    except ValueError:
        assert step is _fails
    else:
        assert step is _noisy
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[union-attr]
    assert before == after
    assert set(stages) == {True}, "what is not logged or saved in a sanity check is not to be now"
    assert trainer.state.stage == "train"
    assert (module.training, module.metric.training, module.frozen.training) == (True, True, False)
    assert (module.metric.seen, module.metric._update_count) == ([1], 1)
    assert not {"log", "log_dict"} & set(vars(module))
    assert torch.is_grad_enabled()
