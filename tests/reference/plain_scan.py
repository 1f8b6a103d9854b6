"""The wind scan written down from its formulas, one patch at a time: slow, and what the fast one is held against."""

import math

import torch
from aqboard_reference.topoflow.config import ModelConfig
from torch import Tensor

from aqboard.readers.caches.scan_cache import ScanCache


def plain_orders(u: Tensor, v: Tensor, config: ModelConfig, cache: ScanCache) -> Tensor:
    """Token order of each sample, int64 [B, L], for wind u, v [B, H, W] in m/s."""
    return torch.stack([_one_order(u[b].double(), v[b].double(), config, cache) for b in range(u.shape[0])])


def _one_order(u: Tensor, v: Tensor, config: ModelConfig, cache: ScanCache) -> Tensor:
    row_major = list(range(config.grid_h * config.grid_w))
    if config.scan_rule == "none":
        return torch.tensor(row_major)
    if config.scan_rule == "global-sector":
        return torch.tensor(cache.global_orders[nearest_sector(wind_angle(u, v), cache)].copy())
    order = list(row_major)
    rows, cols = config.grid_h // config.regions_h, config.grid_w // config.regions_w
    for region in range(config.regions_h * config.regions_w):
        top, left = rows * (region // config.regions_w), cols * (region % config.regions_w)
        pixels = (
            slice(top * config.patch, (top + rows) * config.patch),
            slice(left * config.patch, (left + cols) * config.patch),
        )
        angle = wind_angle(u[pixels], v[pixels])
        if config.scan_rule.endswith("sector"):
            local = [int(i) for i in cache.regional_orders[region, nearest_sector(angle, cache)]]
        else:
            local = local_order(angle, config)
        if config.scan_rule.startswith("strip"):
            slots = row_major[region * rows * cols : (region + 1) * rows * cols]
        else:
            slots = [(top + i) * config.grid_w + left + j for i in range(rows) for j in range(cols)]
        for place, index in zip(slots, local, strict=True):
            order[place] = slots[index]
    return torch.tensor(order)


def wind_angle(u: Tensor, v: Tensor) -> float:
    """Angle of the mean wind, weighted by its speed; 0 when calm."""
    speed = torch.sqrt(u * u + v * v)
    if float(speed.sum()) == 0:
        return 0.0
    return math.atan2(float((speed * v).sum() / speed.sum()), float((speed * u).sum() / speed.sum()))


def nearest_sector(angle: float, cache: ScanCache) -> int:
    """The sector whose centre is the shortest way round the circle from `angle`."""

    def away(sector: int) -> float:
        difference = abs(angle - float(cache.sector_angles[sector])) % (2 * math.pi)
        return min(difference, 2 * math.pi - difference)

    return min(range(cache.num_sectors), key=away)


def local_order(angle: float, config: ModelConfig) -> list[int]:
    """A region's patches by their projection on the wind, upwind first; equal projections keep their order."""
    rows, cols = config.grid_h // config.regions_h, config.grid_w // config.regions_w

    def scaled(index: int, count: int) -> float:
        return 2 * index / (count - 1) - 1 if count > 1 else 0.0

    along = [
        scaled(j, config.grid_w) * math.cos(angle) + (-scaled(i, config.grid_h)) * math.sin(angle)
        for i in range(rows)
        for j in range(cols)
    ]
    return sorted(range(rows * cols), key=lambda patch: along[patch])


def on_sector_border(u: Tensor, v: Tensor, config: ModelConfig, cache: ScanCache, margin: float = 1e-6) -> bool:
    """Whether some region's wind lies between two sectors, where rounding alone decides."""
    rows, cols = config.img_h // config.regions_h, config.img_w // config.regions_w
    for b in range(u.shape[0]):
        for i in range(config.regions_h):
            for j in range(config.regions_w):
                pixels = (b, slice(i * rows, (i + 1) * rows), slice(j * cols, (j + 1) * cols))
                sectors = wind_angle(u[pixels].double(), v[pixels].double()) / (2 * math.pi) * cache.num_sectors
                if abs(sectors % 1 - 0.5) < margin:
                    return True
    return False
