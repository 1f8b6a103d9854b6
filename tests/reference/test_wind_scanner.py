"""The fast scan index against the literal one, and what it refuses."""

import dataclasses

import numpy as np
import pytest
import torch
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.errors import ScanError
from aqboard_reference.topoflow.scan import WindScanner, put_back, region_winds, take_in_order
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aqboard.domain.plan import SCAN_RULES, ScanRule
from aqboard.readers.caches.scan_cache import build_scan_cache
from tests.reference import plain_scan

grids = st.sampled_from(
    [(8, 16, 4, 4), (6, 10, 3, 5), (4, 6, 1, 2), (5, 7, 5, 1), (3, 3, 3, 3), (2, 9, 1, 3), (1, 4, 1, 2), (12, 7, 2, 1)]
)


def config_for(rule: ScanRule, grid: tuple[int, int, int, int], sectors: int = 16, patch: int = 2) -> ModelConfig:
    grid_h, grid_w, regions_h, regions_w = grid
    return ModelConfig(
        img_h=grid_h * patch, img_w=grid_w * patch, patch=patch, embed_dim=16, heads=2, scan_rule=rule,
        num_sectors=sectors, regions_h=regions_h, regions_w=regions_w,
    )  # fmt: skip


def wind(config: ModelConfig, batch: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return tuple(5 * torch.randn(2, batch, config.img_h, config.img_w, generator=made))  # type: ignore[return-value]


@settings(max_examples=60, deadline=None)
@given(
    rule=st.sampled_from(SCAN_RULES),
    grid=grids,
    sectors=st.sampled_from([4, 16, 5]),
    patch=st.sampled_from([1, 2, 3]),
    batch=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_every_rule_gives_the_literal_order(rule, grid, sectors, patch, batch, seed):
    config = config_for(rule, grid, sectors, patch)
    scanner = WindScanner(config)
    u, v = wind(config, batch, seed)
    assume(not plain_scan.on_sector_border(u, v, config, scanner.cache))

    order = scanner.order(u, v)

    assert torch.equal(order, plain_scan.plain_orders(u, v, config, scanner.cache))
    assert torch.equal(order.sort(1).values, torch.arange(config.num_patches).expand(batch, -1))


@pytest.mark.parametrize("pair", [("strip-sector", "strip-angle"), ("block-sector", "block-angle")])
@pytest.mark.parametrize("sector", range(16))
def test_wind_in_the_middle_of_a_sector_gives_the_cached_order_up_to_ties(pair, sector):
    """Patches of equal projection may swap: the last bit of the angle decides between them."""
    by_sector, by_angle = (WindScanner(config_for(rule, (8, 16, 4, 4))) for rule in pair)
    angle = float(by_sector.cache.sector_angles[sector])
    u = torch.full((1, 16, 32), np.cos(angle), dtype=torch.float64)
    v = torch.full((1, 16, 32), np.sin(angle), dtype=torch.float64)
    along = torch.tensor([np.cos(angle), np.sin(angle)]) @ by_sector.axes.view(torch.float64)

    for scanner in (by_sector, by_angle):
        slots = scanner.order(u, v)[0][scanner.slots]
        local = torch.stack([(slots[r, :, None] == scanner.slots[r]).int().argmax(1) for r in range(len(slots))])
        assert (along[local].diff(dim=1) >= -1e-9).all()


def test_cardinal_winds_visit_the_upwind_side_first():
    config = config_for("global-sector", (4, 6, 1, 2))
    scanner = WindScanner(config)
    firsts = {}
    for name, (u, v) in {"to east": (1, 0), "to west": (-1, 0), "to north": (0, 1), "to south": (0, -1)}.items():
        first = int(scanner.order(torch.full((1, 8, 12), float(u)), torch.full((1, 8, 12), float(v)))[0, 0])
        firsts[name] = divmod(first, 6)
    assert firsts["to east"][1] == 0, "wind from the west: the westernmost column comes first"
    assert firsts["to west"][1] == 5
    assert firsts["to north"][0] == 3, "wind from the south: the bottom row comes first"
    assert firsts["to south"][0] == 0


def test_regions_follow_their_own_wind():
    config = config_for("block-sector", (8, 16, 4, 4))
    scanner = WindScanner(config)
    u, v = wind(config, 2, 5)
    before = scanner.order(u, v)
    u[1, :4, :8], v[1, :4, :8] = 7.0, 0.1  # region 0 of sample 1
    after = scanner.order(u, v)
    elsewhere = [i for i in range(config.num_patches) if i not in scanner.slots[0].tolist()]
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1][elsewhere], after[1][elsewhere])


def test_calm_counts_as_angle_zero_whatever_the_sign_of_zero():
    calm = torch.zeros(1, 4, 4)
    for sign in (1, -1):
        winds = region_winds(sign * calm, sign * calm, 2, 2)
        assert torch.atan2(winds[..., 1], winds[..., 0]).tolist() == [[0.0] * 4]
        assert (winds[..., 0] > 0).all()


def test_stronger_wind_weighs_more():
    u = torch.tensor([[[3.0, 0.0]]])
    v = torch.tensor([[[0.0, 1.0]]])
    assert region_winds(u, v, 1, 1).tolist() == [[[9.0, 1.0]]]


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_the_cache_matters_exactly_for_the_sector_rules(rule):
    config = config_for(rule, (8, 16, 4, 4))
    scanner = WindScanner(config)
    u, v = wind(config, 2, 11)
    before = scanner.order(u, v)
    cache = scanner.cache
    scanner.set_cache(
        dataclasses.replace(
            cache,
            global_orders=cache.global_orders[:, ::-1].copy(),
            regional_orders=cache.regional_orders[:, :, ::-1].copy(),
        )
    )
    changed = not torch.equal(before, scanner.order(u, v))
    assert changed == scanner.reads_cache == (rule in ("global-sector", "strip-sector", "block-sector"))


def test_scanner_adds_nothing_to_a_state_dict_and_follows_the_device():
    scanner = WindScanner(config_for("strip-sector", (8, 16, 4, 4)))
    assert scanner.state_dict() == {}
    assert scanner.to("meta").regional_slots.device.type == "meta"


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_a_half_precision_model_scans_like_a_full_one(rule):
    config = config_for(rule, (8, 16, 4, 4))
    scanner = WindScanner(config)
    u, v = wind(config, 3, 2)
    before = scanner.order(u, v)
    assert torch.equal(before, scanner.half().order(u, v))


def test_a_cache_for_another_grid_is_refused_by_name():
    scanner = WindScanner(config_for("strip-sector", (8, 16, 4, 4)))
    with pytest.raises(ScanError, match=r"grid_w is 32, the model has 16.*regions_w is 8"):
        scanner.set_cache(build_scan_cache(8, 32, regions_h=4, regions_w=8))


def test_orders_that_lose_a_patch_are_refused_by_place():
    scanner = WindScanner(config_for("strip-sector", (8, 16, 4, 4)))
    orders = scanner.cache.regional_orders.copy()
    orders[3, 7] = 0
    with pytest.raises(ScanError, match=r"1 of the cache's regional orders .*first at \[3, 7\]"):
        scanner.set_cache(dataclasses.replace(scanner.cache, regional_orders=orders))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_wind_that_is_not_finite_is_refused_with_sample_and_count(value):
    config = config_for("strip-sector", (8, 16, 4, 4))
    u, v = wind(config, 3, 0)
    u[1, 3, 4] = v[1, 3, 5] = u[2, 0, 0] = value
    with pytest.raises(ScanError, match="sample 1: 2 pixels, sample 2: 1 pixels"):
        WindScanner(config).order(u, v)


@pytest.mark.parametrize("shape", [(16, 32), (1, 16, 16), (1, 1, 16, 32)])
def test_wind_of_another_shape_is_refused(shape):
    scanner = WindScanner(config_for("none", (8, 16, 4, 4)))
    with pytest.raises(ScanError, match=r"must be u, v \[B, 16, 32\]"):
        scanner.order(torch.zeros(shape), torch.zeros(shape))


@given(batch=st.integers(1, 3), length=st.integers(1, 20), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_putting_back_undoes_taking_in_order(batch, length, seed):
    made = torch.Generator().manual_seed(seed)
    tokens = torch.randn(batch, length, 3, generator=made)
    order = torch.stack([torch.randperm(length, generator=made) for _ in range(batch)])
    taken = take_in_order(tokens, order)
    assert torch.equal(taken[0, 0], tokens[0, order[0, 0]])
    assert torch.equal(put_back(taken, order), tokens)


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_no_value_is_read_back_from_the_device(rule):
    """Tensors without data: any host round trip would raise."""
    config = config_for(rule, (8, 16, 4, 4))
    scanner = WindScanner(config).to("meta")
    u, v = torch.empty(2, 2, 16, 32, device="meta")
    assert scanner.order(u, v, validate=False).shape == (2, config.num_patches)


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_the_scan_is_one_graph_for_torch_compile(rule):
    config = config_for(rule, (8, 16, 4, 4))
    scanner = WindScanner(config)
    u, v = wind(config, 2, 3)
    compiled = torch.compile(lambda u, v: scanner.order(u, v, validate=False), backend="eager", fullgraph=True)
    assert torch.equal(compiled(u, v), scanner.order(u, v))
