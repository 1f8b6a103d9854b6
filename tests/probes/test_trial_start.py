"""Ranks, one step, and its cost, on a really trained model: faults planted in the target are seen where they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from aqboard_reference.target import ReferenceTarget
from torch import nn

from aqboard.checks import ranks_equal, train_one_step
from aqboard.domain.finding import Verdict
from aqboard.probes import Context, cost, curve, rank, ranks, step
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from tests import faulty_targets as faulty
from tests.tiny_launch import TinyLaunch

Probing = Callable[..., Context]


@pytest.fixture
def probing(launch: TinyLaunch) -> Probing:
    def make(target: type[ReferenceTarget] = ReferenceTarget, **sections: Any) -> Context:
        plan, text = read_plan(launch.plan("trial", **sections))
        context = Context(freeze(plan, text, ()))
        vars(context)["target"] = target(plan)
        return context

    return make


def faulty_start(launch: TinyLaunch, builder: str) -> Context:
    """A launch whose target is imported by name, as the ranks' own processes do it."""
    root = Path(__file__).parents[2]
    target = {"config": "finetune.yaml", "builder": f"tests.faulty_targets:{builder}", "python_path": [str(root)]}
    plan, text = read_plan(launch.plan(builder, target=target))
    return Context(freeze(plan, text, ()))


@pytest.mark.slow
def test_ranks_that_build_and_load_alike_are_equal(probing: Probing) -> None:
    context = probing()
    seen = ranks.measure(context)
    assert ranks_equal.judge(context.plan, seen).verdict is Verdict.PASS
    assert (seen.backend, seen.own_start, seen.file_tensors) == ("gloo", False, 44)
    assert [(report.tensors, report.from_file, report.error) for report in seen.ranks] == [(46, 44, "")] * 2
    assert seen.ranks[0].digest == seen.ranks[1].digest != ""


@pytest.mark.slow
def test_a_checkpoint_loaded_on_rank_zero_only_is_seen_tensor_by_tensor(launch: TinyLaunch) -> None:
    context = faulty_start(launch, "rank_zero_only")
    seen = ranks.measure(context)
    assert seen.own_start
    zero, one = seen.ranks
    assert (zero.from_file, zero.differing) == (44, ())
    assert one.from_file < 10, "only tensors that training leaves as they were"
    assert "model.climax.pos_embed" in one.differing
    assert "model.climax.blocks.0.attn.elevation_alpha" not in one.differing
    found = ranks_equal.judge(context.plan, seen)
    assert (found.verdict, "Rank 1 differs from rank 0" in found.summary) == (Verdict.FAIL, True)


@pytest.mark.slow
def test_a_rank_that_dies_takes_nobody_else_into_waiting(launch: TinyLaunch) -> None:
    context = faulty_start(launch, "dies_on_rank_one")
    seen = ranks.measure(context)
    assert seen.hung_after_s is None
    assert seen.ranks[1].error == "FileNotFoundError: data_2018.zarr is not on this node"
    assert seen.ranks[0].error.startswith("stopped")
    found = ranks_equal.judge(context.plan, seen)
    assert (found.verdict, "Rank 1 of 2 does not start" in found.summary) == (Verdict.FAIL, True)


def test_ranks_that_hang_are_stopped(launch: TinyLaunch) -> None:
    context = faulty_start(launch, "waits_for_ever")
    seen = ranks.measure(context, limit_s=0.5)
    assert seen.hung_after_s == 0.5
    assert all("stopped (code -9)" in report.error for report in seen.ranks)
    assert ranks_equal.judge(context.plan, seen).verdict is Verdict.ERROR


def test_digests_tell_values_shapes_and_types_apart() -> None:
    plain = torch.arange(6.0)
    others = (plain.view(2, 3), plain.double(), -plain, plain.flip(0))
    assert len({rank.digest(tensor) for tensor in (plain, *others)}) == 5
    assert rank.digest(plain) == rank.digest(plain.clone().requires_grad_())
    assert rank.digest(plain.view(2, 3).T) == rank.digest(plain.view(2, 3).T.contiguous())
    assert rank.digest(torch.tensor(1.0)) != rank.digest(torch.tensor([1.0]))
    assert set(rank.tensor_digests(nn.Linear(2, 2))) == {"weight", "bias"}


def test_one_healthy_step(probing: Probing, launch: TinyLaunch) -> None:
    context = probing()
    context.remember(curve.measure(context))
    seen = step.measure(context)
    assert (seen.failed_at, seen.own_step, seen.source) == ("", True, "training data of 2018")
    assert (seen.frozen, seen.without_gradient, seen.not_optimised, seen.not_finite) == ((), (), (), ())
    assert seen.unmoved == seen.zero_gradient == ()
    assert seen.loss is not None
    assert seen.loss_after is not None
    assert seen.loss_after < seen.loss
    assert len(seen.learning_rates) == 2
    assert train_one_step.judge(context.plan, seen).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (faulty.FrozenBlock, "are frozen that should train: model.climax.blocks.0."),
        (faulty.ForgottenHead, "no optimizer holds them: model.climax.head."),
        (faulty.UnusedBranch, "get no gradient: spare.weight, spare.bias"),
        (faulty.NanGradient, "gradients hold NaN"),
    ],
)
def test_what_keeps_a_parameter_from_learning_is_named(
    probing: Probing, target: type[ReferenceTarget], said: str
) -> None:
    context = probing(target)
    found = train_one_step.judge(context.plan, step.measure(context))
    assert (found.verdict, said in found.summary) == (Verdict.FAIL, True), found.summary


def test_a_step_that_raises_says_where(probing: Probing) -> None:
    context = probing()
    target = context.target
    target.training_loss = lambda module, batch: 1 / 0  # type: ignore[attr-defined]
    assert (seen := step.measure(context)).failed_at == "forward"
    assert "ZeroDivisionError" in seen.error
    target.training_loss = lambda module, batch: torch.tensor(1.0)  # type: ignore[attr-defined]
    assert step.measure(context).failed_at == "backward"
    del target.training_loss  # type: ignore[attr-defined]
    target.optimizers = lambda module: [None]  # type: ignore[attr-defined]
    assert step.measure(context).failed_at == "optimizer"


class Minimal:
    """A target with nothing but what every target has."""

    def __init__(self, whole: ReferenceTarget) -> None:
        self.build, self.loss, self.size = whole.build, whole.loss, whole.size
        self.validation_batches, self.load, self.receiver = whole.validation_batches, whole.load, whole.receiver


def test_a_target_that_says_nothing_of_its_training_is_tried_on_validation_data(probing: Probing) -> None:
    context = probing()
    vars(context)["target"] = Minimal(context.target)  # type: ignore[arg-type]
    context.scan = None  # type: ignore[misc]
    seen = step.measure(context)
    assert (seen.own_step, seen.loss_after, seen.without_gradient) == (False, None, ())
    found = train_one_step.judge(context.plan, seen)
    assert (found.verdict, "validation data" in found.summary) == (Verdict.WARN, True)


def test_without_training_stores_validation_data_stands_in_and_says_so(probing: Probing, tmp_path: Path) -> None:
    context = probing()
    stores = context.plan.data.directory
    for name in ("data_2019.zarr", "normalisation.json"):
        (tmp_path / name).symlink_to(stores / name)
    context = probing(data={"directory": str(tmp_path)})
    data = context.target.train_data()  # type: ignore[attr-defined]
    assert "validation data, as the stores of the training years are not here" in data.source
    assert len(data.batches[0].x) == 2


def test_a_steps_cost_is_measured_on_the_device_it_names(probing: Probing) -> None:
    context = probing()
    seen = cost.measure(context)
    parameters = sum(p.numel() for p in context.target.build(context.scan).parameters())
    assert seen.error == ""
    assert (seen.device_kind, seen.batch_size, len(seen.step_s)) == ("cpu", 2, cost.TIMED_STEPS)
    assert min(seen.step_s) > 0
    assert "threads" in seen.device
    assert seen.state_bytes >= 4 * 4 * parameters, "weights, gradients, and Adam's two moments in float32"
    assert seen.state_bytes < 4 * 4 * parameters * 1.2


def test_a_step_that_does_not_fit_is_evidence(probing: Probing) -> None:
    context = probing()

    def full(module: nn.Module, batch: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    context.target.training_loss = full  # type: ignore[attr-defined]
    seen = cost.measure(context)
    assert seen.step_s == ()
    assert "out of memory" in seen.error
