import numpy as np
import pytest
import torch
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.scan import WindScanner
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.plan import SCAN_RULES, ScanRule
from aqboard.probes.scan_rules import explains, rules_that_explain
from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache
from tests.tiny_launch import turned

SHAPE = {"grid_h": 8, "grid_w": 16, "num_sectors": 16, "regions_h": 4, "regions_w": 4}


def cache() -> ScanCache:
    return build_scan_cache(8, 16, num_sectors=16, regions_h=4, regions_w=4)


def wind(seed: int) -> tuple[np.ndarray, np.ndarray]:
    u, v = np.random.default_rng(seed).normal(size=(2, 16, 32)) + 0.3
    return u, v


def applied(rule: ScanRule, u: np.ndarray, v: np.ndarray, cache: ScanCache) -> np.ndarray:
    config = ModelConfig(img_h=16, img_w=32, embed_dim=8, heads=1, regions_h=4, regions_w=4, scan_rule=rule)
    order = WindScanner(config, cache).order(torch.from_numpy(u)[None], torch.from_numpy(v)[None])
    return order[0].numpy()


@pytest.mark.parametrize("rule", SCAN_RULES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_two_independent_readings_of_each_rule_agree(rule: ScanRule, seed: int) -> None:
    u, v = wind(seed)
    assert explains(rule, cache(), u, v, applied(rule, u, v, cache()))


@pytest.mark.parametrize("rule", SCAN_RULES)
def test_varied_wind_tells_the_rules_apart(rule: ScanRule) -> None:
    left = set(SCAN_RULES)
    for seed in range(4):
        u, v = wind(seed)
        left &= set(rules_that_explain(cache(), u, v, applied(rule, u, v, cache())))
    assert left == {rule}


@pytest.mark.parametrize("rule", SCAN_RULES)
@given(seed=st.integers(0, 1000), swap=st.tuples(st.integers(0, 127), st.integers(0, 127)))
@settings(max_examples=20, deadline=None)
def test_two_exchanged_tokens_are_noticed(rule: ScanRule, seed: int, swap: tuple[int, int]) -> None:
    u, v = wind(seed)
    order = applied(rule, u, v, cache())
    i, j = swap
    if i == j:
        return
    order[[i, j]] = order[[j, i]]
    if rule.endswith("angle") and explains(rule, cache(), u, v, order):
        pytest.skip("the two patches have the same projection")
    assert not explains(rule, cache(), u, v, order)


def test_a_lost_patch_and_a_wrong_length_are_never_explained() -> None:
    u, v = wind(0)
    order = applied("none", u, v, cache())
    assert rules_that_explain(cache(), u, v, order[:-1]) == ()
    order[0] = 1
    assert rules_that_explain(cache(), u, v, order) == ()


def test_another_cache_does_not_explain_the_order_of_a_sector_rule() -> None:
    u, v = wind(1)
    for rule, explained in (("strip-sector", False), ("global-sector", False), ("strip-angle", True)):
        order = applied(rule, u, v, turned(cache()))  # type: ignore[arg-type]
        assert explains(rule, cache(), u, v, order) is explained  # type: ignore[arg-type]


def test_calm_air_is_an_east_wind() -> None:
    calm = np.zeros((16, 32))
    order = applied("block-sector", calm, calm, cache())
    assert explains("block-sector", cache(), calm, calm, order)
    assert explains("block-sector", cache(), calm + 1, calm, order)
