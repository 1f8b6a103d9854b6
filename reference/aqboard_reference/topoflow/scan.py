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

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache
from aqboard_reference.topoflow.arcs import Arcs, angle_arcs, sector_arcs
from aqboard_reference.topoflow.config import SECTOR_RULES, ModelConfig
from aqboard_reference.topoflow.errors import ScanError

CALM_EAST = 1e-300
"""Added to the eastward sum of every region: it decides where the wind is exactly calm, and nowhere else."""


class WindScanner(nn.Module):
    """Turns a wind field into a token order; holds no parameters and adds nothing to the state dict.

    Built with the formula's cache unless one is given. `set_cache` replaces it in place; a cache for another
    grid raises ScanError.
    """

    global_orders: Tensor  # int64 [A, L]: the order of each arc of the wind's angle
    regional_slots: Tensor  # int64 [R * A, K]: positions of region r in the order of each arc
    starts: Tensor  # float64 bits [A - 1]: where the arcs begin, see Arcs
    slots: Tensor  # int64 [R, K]: the positions whose tokens region r orders
    first_rows: Tensor  # int64 [R]: where region r begins in `regional_slots`
    axes: Tensor  # float64 bits [2, K]: a region's local columns and minus its rows, scaled by the whole grid

    def __init__(self, config: ModelConfig, cache: ScanCache | None = None) -> None:
        super().__init__()
        self.config = config
        self.angle_arcs = _angle_arcs(config)
        self.cache = cache or build_scan_cache(
            config.grid_h,
            config.grid_w,
            num_sectors=config.num_sectors,
            regions_h=config.regions_h,
            regions_w=config.regions_w,
        )
        unset = torch.empty(0, dtype=torch.int64)
        for name, value in (
            ("slots", _slots(config)),
            ("axes", _bits(_local_axes(config))),
            ("global_orders", unset),
            ("regional_slots", unset),
            ("first_rows", unset),
            ("starts", unset),
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
        global_orders = torch.tensor(cache.global_orders)
        regional_orders = torch.tensor(cache.regional_orders)  # [R, S, K], local
        _require_permutations(global_orders, "global orders [sector]")
        _require_permutations(regional_orders, "regional orders [region, sector]")
        self.cache = cache
        arcs = sector_arcs(cache.sector_angles.tolist())
        self.global_orders = global_orders[arcs.rows].to(self.slots.device)
        if not self.reads_cache and self.angle_arcs is not None:
            arcs, orders = self.angle_arcs
            regional_orders = orders.expand(len(self.slots), -1, -1)
        self._look_up(arcs, regional_orders)

    def _look_up(self, arcs: Arcs, orders: Tensor) -> None:
        """From now on region r follows the row of `orders` [R, rows, K], local, that the arc of its wind names."""
        device = self.slots.device
        by_arc = orders[:, arcs.rows].to(device)
        self.regional_slots = self._slots_in(by_arc.transpose(0, 1)).transpose(0, 1).flatten(0, 1)
        self.first_rows = torch.arange(0, len(self.regional_slots), by_arc.shape[1], device=device)
        self.starts = _bits(arcs.starts.to(device))

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
            return F.embedding(self._arc(region_winds(u, v, 1, 1)).squeeze(1), self.global_orders)
        winds = region_winds(u, v, config.regions_h, config.regions_w)
        if self.reads_cache or self.angle_arcs is not None:
            return self._laid_out(F.embedding(self.first_rows + self._arc(winds), self.regional_slots))
        return self._laid_out(self._slots_in(self._sorted(winds)))

    def _arc(self, winds: Tensor) -> Tensor:
        """The arc in which each wind [B, R, 2] blows, int64 [B, R]."""
        east, north = winds.unbind(-1)
        return torch.bucketize(torch.atan2(north, east), _floats(self.starts), right=True)

    def _sorted(self, winds: Tensor) -> Tensor:
        """Local order [B, R, K] by projection on the wind's own direction, upwind first, stable."""
        return (winds @ _floats(self.axes)).argsort(dim=-1, stable=True)

    def _slots_in(self, local: Tensor) -> Tensor:
        """Local orders [n, R, K] as positions in the grid, same shape."""
        return self.slots.expand(local.shape).gather(2, local)

    def _laid_out(self, regional: Tensor) -> Tensor:
        """Positions region by region [B, R, K] as one order per sample [B, L]."""
        config = self.config
        if config.scan_rule.startswith("block"):
            rows, cols = config.grid_h // config.regions_h, config.grid_w // config.regions_w
            regional = regional.view(-1, config.regions_h, config.regions_w, rows, cols).transpose(2, 3)
        return regional.flatten(1)


def region_winds(u: Tensor, v: Tensor, regions_h: int, regions_w: int) -> Tensor:
    """Direction the wind of each region blows to: the speed-weighted sum of (u, v), [B, R, 2], not normalised.

    Summed in float64, so that the result does not depend on the device's order of summation. A calm region (sum
    exactly 0) counts as wind to the east, angle 0.
    """
    speed = (u * u).addcmul_(v, v).sqrt_()
    east, north = (_region_sums(speed * part, regions_h, regions_w) for part in (u, v))
    return torch.stack([east + CALM_EAST, north]).movedim(0, -1)


def put_back(tokens: Tensor, order: Tensor) -> Tensor:
    """Undo `take_in_order`: move the row at position k to row `order[k]`; tokens [B, L, C], order [B, L]."""
    index = order.unsqueeze(-1).expand(tokens.shape)
    return torch.empty_like(tokens).scatter(1, index, tokens)


def take_in_order(tokens: Tensor, order: Tensor) -> Tensor:
    """Rows of tokens [B, L, C] in scan order: row k of the result is row `order[k]`."""
    return tokens.gather(1, order.unsqueeze(-1).expand(-1, -1, tokens.shape[2]))


def _bits(values: Tensor) -> Tensor:
    """Float64 values kept as int64, so that `module.half()` does not round them and change the scan."""
    return values.view(torch.int64)


def _floats(bits: Tensor) -> Tensor:
    return bits.view(torch.float64)


def _region_sums(values: Tensor, regions_h: int, regions_w: int) -> Tensor:
    """Sum over the pixels of each region, row-major: [B, H, W] -> [B, R]."""
    batch, height, width = values.shape
    # Rows first: a sum over whole rows is vectorised, one over two axes at once is not.
    rows = values.reshape(batch, regions_h, height // regions_h, width).sum(2, dtype=torch.float64)
    return rows.view(batch, -1, width // regions_w).sum(2)


def _slots(config: ModelConfig) -> Tensor:
    """Positions whose tokens each region orders, int64 [R, K], by the rule's idea of a region."""
    positions = torch.arange(config.num_patches)
    if not config.scan_rule.startswith("block"):
        return positions.reshape(config.regions_h * config.regions_w, -1)
    rows = config.grid_h // config.regions_h
    cols = config.grid_w // config.regions_w
    grid = positions.reshape(config.regions_h, rows, config.regions_w, cols)
    return grid.transpose(1, 2).reshape(config.regions_h * config.regions_w, rows * cols)


def _local_axes(config: ModelConfig) -> Tensor:
    """Columns and minus rows of a region's K patches, [2, K]: local indices on the whole grid's scale."""
    x = _scaled(config.grid_w)[: config.grid_w // config.regions_w]
    y = _scaled(config.grid_h)[: config.grid_h // config.regions_h]
    rows, cols = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([cols.flatten(), -rows.flatten()])


def _angle_arcs(config: ModelConfig) -> tuple[Arcs, Tensor] | None:
    """Arcs and orders of one region by the exact angle; None where there are too many."""
    rows, cols = config.grid_h // config.regions_h, config.grid_w // config.regions_w
    return angle_arcs(rows, cols, 2 / max(1, config.grid_h - 1), 2 / max(1, config.grid_w - 1))


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
