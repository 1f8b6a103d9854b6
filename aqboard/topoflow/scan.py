"""From wind to token order: one vectorised index for the whole batch, for every scan rule.

An order is a permutation of the patches: the token at position k is patch `order[k]`. How the wind picks it:

| rule | tokens that move together | their order |
|---|---|---|
| `none` | - | row-major |
| `global-sector` | the whole grid | the cache's order of the nearest sector |
| `strip-sector` | region r's strip of consecutive tokens, `r*K : (r+1)*K` | the cache's regional order |
| `strip-angle` | the same strip | sorted by the exact wind angle; the cache is never read |
| `block-sector`, `block-angle` | the patches that lie in region r | as above |

With strips the wind of a region moves tokens that mostly lie elsewhere: that is how the team's code trains.
"""

import math

import torch
from torch import Tensor, nn

from aqboard.artefacts.scan_cache import ScanCache, build_scan_cache
from aqboard.topoflow.config import SECTOR_RULES, ModelConfig
from aqboard.topoflow.errors import ScanError


class WindScanner(nn.Module):
    """Turns a wind field into a token order; holds no parameters and adds nothing to the state dict.

    Built with the formula's cache unless one is given. `set_cache` replaces it in place; a cache for another
    grid raises ScanError.
    """

    global_orders: Tensor  # int64 [S, L]
    regional_orders: Tensor  # int64 [R, S, K], local indices
    sector_angles: Tensor  # float64 [S], radians
    slots: Tensor  # int64 [R, K]: the positions whose tokens region r orders
    places: Tensor  # int64 [L]: where position k stands in the flattened `slots`
    along_x: Tensor  # float64 [K]: local columns, on the whole grid's scale of [-1, 1]
    along_y: Tensor  # float64 [K]: local rows

    def __init__(self, config: ModelConfig, cache: ScanCache | None = None) -> None:
        super().__init__()
        self.config = config
        self.cache = cache or build_scan_cache(
            config.grid_h,
            config.grid_w,
            num_sectors=config.num_sectors,
            regions_h=config.regions_h,
            regions_w=config.regions_w,
        )
        slots = _slots(config)
        x, y = _local_coordinates(config)
        for name, value in (
            ("slots", slots),
            ("places", slots.flatten().argsort()),
            ("along_x", x),
            ("along_y", y),
            ("global_orders", torch.empty(0)),
            ("regional_orders", torch.empty(0)),
            ("sector_angles", torch.empty(0)),
        ):
            self.register_buffer(name, value, persistent=False)
        self.set_cache(self.cache)

    def set_cache(self, cache: ScanCache) -> None:
        """Take the orders of `cache` from now on; ScanError when its grid, sectors or regions are not the model's."""
        wanted = ("grid_h", "grid_w", "num_sectors", "regions_h", "regions_w")
        wrong = [
            f"{name} is {getattr(cache, name)}, the model has {getattr(self.config, name)}"
            for name in wanted
            if getattr(cache, name) != getattr(self.config, name)
        ]
        if wrong:
            raise ScanError(f"The scan cache does not fit the model: {'; '.join(wrong)}. Give the matching cache.")
        device = self.slots.device
        global_orders = torch.tensor(cache.global_orders)
        regional_orders = torch.tensor(cache.regional_orders)
        _require_permutations(global_orders, "global orders [sector]")
        _require_permutations(regional_orders, "regional orders [region, sector]")
        self.cache = cache
        self.global_orders = global_orders.to(device)
        self.regional_orders = regional_orders.to(device)
        self.sector_angles = torch.tensor(cache.sector_angles, dtype=torch.float64, device=device)

    @property
    def reads_cache(self) -> bool:
        """Whether the rule in force takes its orders from the cache at all."""
        return self.config.scan_rule in SECTOR_RULES

    def order(self, u: Tensor, v: Tensor, *, validate: bool = True) -> Tensor:
        """The token order for each sample, int64 [B, L].

        `u`, `v`: wind towards east and north in m/s, [B, H, W]. With `validate`, wind that is not finite raises
        ScanError; that check waits for the device, so the model makes it once at its entry and passes False here.
        """
        config = self.config
        if u.shape != v.shape or u.dim() != 3 or u.shape[1:] != (config.img_h, config.img_w):
            raise ScanError(
                f"The wind must be u, v [B, {config.img_h}, {config.img_w}]; got u {list(u.shape)}, v {list(v.shape)}."
            )
        if validate:
            _require_finite(u, v)
        if config.scan_rule == "none":
            return torch.arange(config.num_patches, device=u.device).expand(u.shape[0], -1)
        if config.scan_rule == "global-sector":
            return self.global_orders[self._sectors(region_angles(u, v, 1, 1)).squeeze(1)]
        angles = region_angles(u, v, config.regions_h, config.regions_w)
        if self.reads_cache:
            regions = torch.arange(angles.shape[1], device=u.device)
            local = self.regional_orders[regions, self._sectors(angles)]
        else:
            local = self._exact(angles)
        # Broadcast slots [R, K] over the batch, pick each region's own slots in local order, then lay them out.
        picked = torch.gather(self.slots.expand(local.shape), 2, local)
        return picked.flatten(1)[:, self.places]

    def _sectors(self, angles: Tensor) -> Tensor:
        """Nearest sector of each angle, on the circle: int64, same shape [B, R]."""
        away = (angles.unsqueeze(-1) - self.sector_angles).abs() % (2 * math.pi)
        return torch.minimum(away, 2 * math.pi - away).argmin(-1)

    def _exact(self, angles: Tensor) -> Tensor:
        """Local order [B, R, K] by projection on the exact wind direction, upwind first, stable."""
        angles = angles.unsqueeze(-1)
        along = self.along_x * angles.cos() + (-self.along_y) * angles.sin()
        return along.argsort(dim=-1, stable=True)


def region_angles(u: Tensor, v: Tensor, regions_h: int, regions_w: int) -> Tensor:
    """Direction the wind of each region blows to: atan2 of the speed-weighted mean of v and u, radians [B, R].

    Computed in float64, so that the result does not depend on the device's summation order. A calm region
    (weighted mean exactly 0) has angle 0.
    """
    u, v = u.double(), v.double()
    speed = torch.hypot(u, v)
    # The weights' sum divides both components alike and leaves the angle as it is.
    east, north = (_region_sums(speed * part, regions_h, regions_w) for part in (u, v))
    calm = (east == 0) & (north == 0)
    return torch.atan2(north, east).masked_fill(calm, 0.0)


def put_back(tokens: Tensor, order: Tensor) -> Tensor:
    """Undo `take_in_order`: move the row at position k to row `order[k]`; tokens [B, L, C], order [B, L]."""
    index = order.unsqueeze(-1).expand(tokens.shape)
    return torch.empty_like(tokens).scatter(1, index, tokens)


def take_in_order(tokens: Tensor, order: Tensor) -> Tensor:
    """Rows of tokens [B, L, C] in scan order: row k of the result is row `order[k]`."""
    return tokens.gather(1, order.unsqueeze(-1).expand(-1, -1, tokens.shape[2]))


def _region_sums(values: Tensor, regions_h: int, regions_w: int) -> Tensor:
    """Sum over the pixels of each region, row-major: [B, H, W] -> [B, R]."""
    batch, height, width = values.shape
    blocks = values.reshape(batch, regions_h, height // regions_h, regions_w, width // regions_w)
    return blocks.sum((2, 4)).flatten(1)


def _slots(config: ModelConfig) -> Tensor:
    """Positions whose tokens each region orders, int64 [R, K], by the rule's idea of a region."""
    positions = torch.arange(config.num_patches)
    if not config.scan_rule.startswith("block"):
        return positions.reshape(config.regions_h * config.regions_w, -1)
    rows = config.grid_h // config.regions_h
    cols = config.grid_w // config.regions_w
    grid = positions.reshape(config.regions_h, rows, config.regions_w, cols)
    return grid.transpose(1, 2).reshape(config.regions_h * config.regions_w, rows * cols)


def _local_coordinates(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """Column and row of a region's K patches, local indices on the whole grid's scale, as the cache's formula."""
    x = _scaled(config.grid_w)[: config.grid_w // config.regions_w]
    y = _scaled(config.grid_h)[: config.grid_h // config.regions_h]
    rows, cols = torch.meshgrid(y, x, indexing="ij")
    return cols.flatten(), rows.flatten()


def _scaled(count: int) -> Tensor:
    """Indices 0..count-1 scaled to [-1, 1], float64; a single one sits at 0."""
    if count == 1:
        return torch.zeros(1, dtype=torch.float64)
    return 2 * torch.arange(count, dtype=torch.float64) / (count - 1) - 1


def _require_permutations(orders: Tensor, what: str) -> None:
    """ScanError unless every last row of `orders` [..., n] is a permutation of 0..n-1."""
    faulty = (orders.sort(-1).values != torch.arange(orders.shape[-1])).any(-1)
    if faulty.any():
        where = faulty.nonzero()[0].tolist()
        raise ScanError(
            f"{int(faulty.sum())} of the cache's {what} are not permutations, the first at {where}: tokens would be "
            "lost or doubled. Rebuild the cache."
        )


def _require_finite(u: Tensor, v: Tensor) -> None:
    """ScanError naming the samples with wind that is not finite."""
    faulty = ~(u.isfinite() & v.isfinite()).flatten(1)
    if faulty.any():
        told = ", ".join(f"sample {i}: {int(n)} pixels" for i, n in enumerate(faulty.sum(1).tolist()) if n)
        raise ScanError(
            f"The wind is not finite ({told}); a single such pixel would turn a region's order into another wind's. "
            "Fill or drop these hours."
        )
