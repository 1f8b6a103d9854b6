"""Losses of several caches at once: the same numbers as one by one, computing only what differs."""

import dataclasses

import pytest
import torch
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.evaluate import losses_per_cache
from aqboard_reference.topoflow.lightning_module import Batch, TopoFlowModule

from aqboard.domain.plan import SCAN_RULES
from tests.reference.test_topoflow_model import random_model


def turned(cache):
    return dataclasses.replace(
        cache,
        global_orders=cache.global_orders[:, ::-1].copy(),
        regional_orders=cache.regional_orders[:, :, ::-1].copy(),
    )


@pytest.mark.parametrize("layout", ["compat", "corrected"])
@pytest.mark.parametrize("rule", SCAN_RULES)
def test_equal_to_setting_each_cache_in_turn(training, rule, layout):
    config = training.model.model_copy(
        update={"scan_rule": rule, "scan_layout": layout, "elevation_bias": True, "elevation_alpha": 0.5}
    )
    data = AirQualityDataModule(training.data, config)
    module = TopoFlowModule(config, data.normalisation)
    module.model.load_state_dict(random_model(config, data.normalisation).float().state_dict())
    own = module.model.scanner.cache
    caches = [own, turned(own), own]
    batches = [Batch(*batch) for batch in data.val_dataloader()]

    together = losses_per_cache(module, batches, caches)

    assert module.training
    assert module.model.scanner.cache is own
    module.eval()
    for cache, losses in zip(caches, together, strict=True):
        module.model.set_cache(cache)
        with torch.no_grad():
            assert losses == pytest.approx([float(module.loss(batch)) for batch in batches], rel=1e-4)
    assert (together[0] == together[1]) == (not module.model.scanner.reads_cache)


def test_what_the_caches_share_is_computed_once(training):
    data = AirQualityDataModule(training.data, training.model)
    module = TopoFlowModule(training.model, data.normalisation)
    own = module.model.scanner.cache
    calls = {"aggregate": 0, "blocks": 0}

    def count(name):
        def hook(*_):
            calls[name] += 1

        return hook

    module.model.climax.var_agg.register_forward_hook(count("aggregate"))
    module.model.climax.blocks[0].register_forward_hook(count("blocks"))
    batches = [Batch(*batch) for batch in data.val_dataloader()]
    losses_per_cache(module, batches, [own, dataclasses.replace(own), turned(own)])
    assert calls == {"aggregate": len(batches), "blocks": 2 * len(batches)}


def test_bf16_moves_the_loss_a_little_and_only_when_asked(training):
    data = AirQualityDataModule(training.data, training.model)
    module = TopoFlowModule(training.model, data.normalisation)
    batches = [Batch(*batch) for batch in data.val_dataloader()]
    caches = [module.model.scanner.cache]
    full, again, low = (losses_per_cache(module, batches, caches, precision=p)[0] for p in ("fp32", "fp32", "bf16"))
    assert full == again
    assert low != full
    assert low == pytest.approx(full, rel=0.02)


def test_a_cache_that_orders_a_batch_like_the_modules_own_takes_its_known_loss(training):
    data = AirQualityDataModule(training.data, training.model)
    module = TopoFlowModule(training.model, data.normalisation)
    own = module.model.scanner.cache
    forwards: list[None] = []
    module.model.climax.blocks[0].register_forward_hook(lambda *_: forwards.append(None))
    batches = [Batch(*batch) for batch in data.val_dataloader()]
    told = [float(index) for index in range(len(batches))]
    same, other = losses_per_cache(module, iter(batches), [dataclasses.replace(own), turned(own)], own=told)
    assert same == told
    assert other == losses_per_cache(module, batches, [turned(own)])[0]
    assert len(forwards) == 2 * len(batches), "only the other cache, here and in the line above"
