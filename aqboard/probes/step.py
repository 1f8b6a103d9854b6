"""One training step: is the loss finite, who gets a gradient, and what does the optimizer move?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from aqboard.domain.evidence.loss import CurveEvidence
from aqboard.domain.evidence.training import StepEvidence
from aqboard.probes.bench import Bench
from aqboard.probes.context import Context, Probe
from aqboard.probes.load import same_bits
from aqboard.probes.target import Batch, Target, TrainData, Trains
from aqboard.probes.team_code import observe

SEED = 0
"""Dropout draws the same masks before and after the step."""

LAST_LOGGED = 10
"""Training losses at the end of the baseline's log whose median is its training loss; each is of one batch."""


@dataclass(frozen=True)
class Stepper:
    """How the target trains, or what stands in for it."""

    own: bool
    data: TrainData
    optimizers: Callable[[nn.Module], Sequence[Optimizer]]
    loss: Callable[[nn.Module, Batch], Tensor]

    @classmethod
    def of(cls, target: Target) -> "Stepper":
        """The target's own training, or its validation batches and loss, and no optimizer."""
        if isinstance(target, Trains):
            return cls(True, target.train_data(), target.optimizers, target.training_loss)
        stand_in = TrainData(target.validation_batches()[:1], "validation data, as the target names no training data")
        return cls(False, stand_in, lambda _: (), target.loss)


def measure(context: Context) -> StepEvidence:
    """Weights as the training loads them, training mode, one batch, one step."""
    stepper = Stepper.of(context.target)
    batch = stepper.data.batches[0]
    module = Bench(context).loaded(context.scan).train()
    facts = {
        "source": stepper.data.source,
        "samples": context.target.size(batch),
        "own_step": stepper.own,
        "baseline_train_loss": _baseline_train_loss(context),
        "parameters": len(list(module.parameters())),
        "frozen": tuple(name for name, parameter in module.named_parameters() if not parameter.requires_grad),
    }
    context.say("forward")
    loss, error = observe(lambda: _loss(stepper, module, batch))
    if loss is None:
        return StepEvidence(**facts, failed_at="forward", error=error)
    context.say("backward")
    _, error = observe(lambda: _backward(loss))
    if error:
        return StepEvidence(**facts, failed_at="backward", error=error, loss=loss.item())
    facts |= {"loss": loss.item(), **_gradients(module)}
    context.say("optimizer")
    moved, error = observe(lambda: _step(stepper, module, batch))
    if moved is None:
        return StepEvidence(**facts, failed_at="optimizer", error=error)
    return StepEvidence(**facts, **moved)


def _loss(stepper: Stepper, module: nn.Module, batch: Batch) -> Tensor:
    torch.manual_seed(SEED)
    return stepper.loss(module, batch)


def _backward(loss: Tensor) -> bool:
    loss.backward()  # type: ignore[no-untyped-call]
    return True


def _gradients(module: nn.Module) -> dict[str, object]:
    """Who got a gradient, and what it is like."""
    asked = {name: parameter.grad for name, parameter in module.named_parameters() if parameter.requires_grad}
    got = {name: grad for name, grad in asked.items() if grad is not None}
    squares = sum(grad.double().square().sum().item() for grad in got.values())
    return {
        "without_gradient": tuple(name for name, grad in asked.items() if grad is None),
        "zero_gradient": tuple(name for name, grad in got.items() if not grad.any()),
        "not_finite": tuple(name for name, grad in got.items() if not grad.isfinite().all()),
        "gradient_norm": squares**0.5,
    }


def _step(stepper: Stepper, module: nn.Module, batch: Batch) -> dict[str, object]:
    """What the optimizers hold and move; without any, nothing is said of that."""
    optimizers = stepper.optimizers(module)
    if not optimizers:
        return {}
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    held = {id(parameter) for group in groups for parameter in group["params"]}
    before = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    rates = tuple(float(group["lr"]) for group in groups)
    for optimizer in optimizers:
        optimizer.step()
    same = {name for name, parameter in module.named_parameters() if same_bits(parameter.detach(), before[name])}
    with torch.no_grad():
        after = _loss(stepper, module, batch).item()
    live = {
        name: id(parameter) in held
        for name, parameter in module.named_parameters()
        if parameter.grad is not None and parameter.grad.any()
    }
    return {
        "loss_after": after,
        "learning_rates": rates,
        "not_optimised": tuple(name for name, is_held in live.items() if not is_held),
        "unmoved": tuple(name for name, is_held in live.items() if is_held and name in same),
        "frozen_moved": tuple(
            name for name, parameter in module.named_parameters() if not parameter.requires_grad and name not in same
        ),
    }


def _baseline_train_loss(context: Context) -> float | None:
    curve = context.known(CurveEvidence)
    losses = [point.train_loss for point in curve.points if point.train_loss is not None] if curve else []
    return median(losses[-LAST_LOGGED:]) if losses else None


PROBE = Probe(StepEvidence, "One training step", measure)
