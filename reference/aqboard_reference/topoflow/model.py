"""TopoFlow: checks its input, reads wind and elevation in physical units, orders the tokens, runs the backbone."""

import torch
from torch import Tensor, nn

from aqboard.readers.caches.scan_cache import ScanCache
from aqboard_reference.topoflow.climax import Climax
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.embed import patch_means
from aqboard_reference.topoflow.errors import InputError
from aqboard_reference.topoflow.normalisation import Normalisation
from aqboard_reference.topoflow.scan import WindScanner


class TopoFlow(nn.Module):
    """The inner model: state dict `target_indices` and `climax.*`, 92 tensors, 94 with the elevation bias.

    `validate_inputs`: refuse values that are not finite. That waits once for the device per call; a training that
    guards its data elsewhere may set it to False. Shapes are always checked.
    """

    target_indices: Tensor
    offsets: Tensor
    scales: Tensor

    def __init__(self, config: ModelConfig, normalisation: Normalisation, cache: ScanCache | None = None) -> None:
        super().__init__()
        self.config = config
        self.validate_inputs = True
        self.register_buffer("target_indices", _indices(config, config.targets))
        self.climax = Climax(config)
        self.scanner = WindScanner(config, cache)
        # Not persistent: the statistics travel in the checkpoint's hyper-parameters, the tensor names stay the team's.
        physical = [normalisation.linear(name) for name in config.needed_in_physical_units]
        self.register_buffer("offsets", torch.tensor([mean for mean, _ in physical]), persistent=False)
        self.register_buffer("scales", torch.tensor([std for _, std in physical]), persistent=False)

    def forward(self, x: Tensor, lead_times: Tensor, *, bands: int = 1) -> Tensor:
        """Forecast of the targets, [B, T, H, W] in normalised units.

        `x` [B, V, H, W] normalised, variables in the order of the config; `lead_times` [B] hours; `bands` see Climax.
        Raises InputError or ScanError naming what does not fit.
        """
        self.check(x, lead_times)
        order = self.token_order(x)
        everything: Tensor = self.climax(x, lead_times.to(x.dtype), order, self.patch_elevation(x), bands=bands)
        return everything.index_select(1, self.target_indices)

    def check(self, x: Tensor, lead_times: Tensor) -> None:
        """Raise InputError unless both fit the model; values are looked at only with `validate_inputs`."""
        self._check_shapes(x, lead_times)
        if self.validate_inputs:
            self._check_finite(x)

    def token_order(self, x: Tensor, scanner: WindScanner | None = None) -> Tensor | None:
        """The order the wind in x [B, V, H, W] asks for, int64 [B, L]; None for the rule `none`.

        `scanner`: one with another cache, to see what that cache would do.
        """
        if self.config.scan_rule == "none":
            return None
        scanner = scanner or self.scanner
        return scanner.order(self._physical(x, "u"), self._physical(x, "v"), validate=False)

    def patch_elevation(self, x: Tensor) -> Tensor | None:
        """Mean elevation of each patch in metres, row-major [B, L]; None without the elevation bias."""
        if not self.config.elevation_bias:
            return None
        return patch_means(self._physical(x, "elevation"), self.config.patch)

    def set_cache(self, cache: ScanCache) -> None:
        """Take the orders of `cache` from now on; ScanError when it is for another grid."""
        self.scanner.set_cache(cache)

    def _physical(self, x: Tensor, name: str) -> Tensor:
        """One variable in its own unit, [B, H, W]."""
        index = self.config.needed_in_physical_units.index(name)
        return x[:, self.config.variables.index(name)] * self.scales[index] + self.offsets[index]

    def _check_shapes(self, x: Tensor, lead_times: Tensor) -> None:
        config = self.config
        expected = (len(config.variables), config.img_h, config.img_w)
        if x.dim() != 4 or tuple(x.shape[2:]) != expected[1:]:
            raise InputError(f"x must be [B, {', '.join(map(str, expected))}]; got {list(x.shape)}.")
        if x.shape[1] != expected[0]:
            raise InputError(
                f"x has {x.shape[1]} variables, the model has {expected[0]}: it needs all of "
                f"{', '.join(config.variables)}, in this order."
            )
        if lead_times.shape != x.shape[:1]:
            raise InputError(
                f"lead_times must be [B] = [{x.shape[0]}], hours, one per sample; got {list(lead_times.shape)}. "
                "A trailing dimension would broadcast the tokens to four dimensions: squeeze it."
            )

    def _check_finite(self, x: Tensor) -> None:
        faulty = ~x.isfinite()
        if not faulty.any():
            return
        counts = faulty.sum((2, 3)).tolist()
        told = [
            f"{name} in sample {sample}: {count} pixels"
            for sample, row in enumerate(counts)
            for name, count in zip(self.config.variables, row, strict=True)
            if count
        ]
        more = f" and {len(told) - 5} more" if len(told) > 5 else ""
        raise InputError(
            f"The input is not finite ({'; '.join(told[:5])}{more}); attention would spread it over the whole map. "
            "Fill or drop these hours."
        )


def _indices(config: ModelConfig, names: tuple[str, ...]) -> Tensor:
    return torch.tensor([config.variables.index(name) for name in names])
