"""A target in ten lines: say how the model is built and where its validation batches come from.

```python
from aqboard.api.target import SimpleTarget

def build(plan):
    return SimpleTarget(plan, module=lambda: MyModule(**settings), batches=my_validation_loader)
```

What is not said is found out by behaviour; what cannot be found out makes its checks skip, and they say what to add.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice

import torch
from torch import Tensor, nn

from aqboard.domain.errors import TargetError
from aqboard.domain.plan import LaunchPlan
from aqboard.probes import behaviour
from aqboard.probes.load import load_state_dict
from aqboard.probes.target import Batch, Loaded, Scan, TrainData

TRAIN_BATCHES = 2
"""Training batches that are looked at: one for the step, one to spare."""

Loss = Callable[[nn.Module, Batch], Tensor]
Inputs = Callable[[Batch], dict[str, Tensor]]


class SimpleTarget:
    """Any `nn.Module` as a target; override a method to replace a default, add one to gain an ability.

    `module()` builds the module as the training does, before any checkpoint. `batches()` gives the validation
    batches, always the same ones. `loss(module, batch)` is the scalar validation loss; a string names the value that
    the module's own `validation_step` logs. `inputs(batch)` names the tensors of a forward pass; without it they are
    matched with the parameters of `forward`. `persistence(batch)` is the loss of forecasting no change.
    `train_batches()` gives training batches; with them one step is tried as the module's own `training_step` and
    `configure_optimizers` take it.
    """

    def __init__(
        self,
        plan: LaunchPlan,
        module: Callable[[], nn.Module],
        batches: Callable[[], Iterable[Batch]],
        loss: Loss | str = "val_loss",
        *,
        inputs: Inputs | None = None,
        persistence: Callable[[Batch], Tensor] | None = None,
        train_batches: Callable[[], Iterable[Batch]] | None = None,
        seed: int = 0,
    ) -> None:
        self.plan = plan
        self.seed = seed
        self._module, self._make_batches, self._loss, self._inputs = module, batches, loss, inputs
        # Abilities only where what they need was given.
        if persistence is not None:
            self.persistence = persistence
        if train_batches is not None:
            self.train_data = lambda: TrainData(list(islice(train_batches(), TRAIN_BATCHES)), "the training's batches")
            self.optimizers = behaviour.configured_optimizers
            self.training_loss = partial(behaviour.step_loss, monitor="train_loss", step="training_step")

    def build(self, scan: Scan | None = None) -> nn.Module:
        """A fresh module in eval mode with the same random weights at every call."""
        if scan is not None:
            raise TargetError("This target does not order tokens by the wind; a target that does overrides `build`.")
        torch.manual_seed(self.seed)
        return self._module().eval()

    def receiver(self, module: nn.Module) -> nn.Module:
        """The module itself; with `checkpoint.load_into: inner_model`, the one module that it wraps."""
        if self.plan.checkpoint.load_into == "lightning_module":
            return module
        inner = [child for child in module.children() if any(True for _ in child.parameters())]
        if len(inner) != 1:
            raise TargetError(
                f"checkpoint.load_into: {type(module).__name__} wraps {len(inner)} modules with parameters, so it is "
                "not clear which is the inner model; override `receiver`."
            )
        return inner[0]

    def load(self, module: nn.Module, state: Mapping[str, Tensor]) -> Loaded:
        """`load_state_dict` with the plan's prefix and strictness; override it when the training does more."""
        return load_state_dict(self.receiver(module), state, self.plan.checkpoint)

    def validation_batches(self) -> Sequence[Batch]:
        """As many of the validation batches as the plan asks for."""
        return self._batches

    def size(self, batch: Batch) -> int:
        """Samples in a batch."""
        return behaviour.samples(batch)

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """Scalar validation loss of a batch."""
        if isinstance(self._loss, str):
            return behaviour.step_loss(module, batch, self._loss)
        return self._loss(module, batch)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """The named inputs of a forward pass."""
        return self._inputs(batch) if self._inputs else behaviour.named_inputs(self._example, batch)

    def planned_inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The same inputs; `lead_times`, where there are any, as a column where the plan says so."""
        column = self.plan.forward.lead_times_shape == "[B, 1]" and "lead_times" in inputs
        return {**inputs, "lead_times": inputs["lead_times"].unsqueeze(1)} if column else dict(inputs)

    def forward(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """One forward pass."""
        output: Tensor = module(**inputs)
        return output

    @cached_property
    def _example(self) -> nn.Module:
        return self.build()

    @cached_property
    def _batches(self) -> list[Batch]:
        batches = list(islice(self._make_batches(), self.plan.data.validation_batches))
        if not batches:
            raise TargetError("The target gives no validation batches; `batches` must give at least one.")
        return batches
