"""Probes on a really trained model: what they see when one thing of a working launch is changed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from aqboard.domain.errors import AqboardError
from aqboard.domain.evidence import CheckpointEvidence, LoadEvidence
from aqboard.probes import bench, cache, checkpoint, curve, first_loss, forward, load, scan
from aqboard.probes.load import equal_to_file, same_bits
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from tests.tiny_launch import TinyLaunch

INNER = {"checkpoint": {"load_into": "inner_model"}}


def test_a_checkpoint_tells_its_tensors_checksums_and_provenance(probing: Any) -> None:
    seen = checkpoint.measure(probing())
    assert len(seen.summary.tensors) == 44
    assert seen.integrity.verdict == "ok"
    assert seen.provenance is not None
    assert (seen.provenance["scan_rule"], seen.provenance["scan_layout"]) == ("strip-sector", "corrected")


def test_loading_as_the_training_does_is_bit_equal(probing: Any) -> None:
    seen = load.measure(probing())
    assert len(seen.loaded) == len(seen.bit_equal) == 44
    assert {key.rsplit(".", 1)[1] for key in seen.missing} == {"elevation_alpha", "H_scale"}
    assert not seen.unexpected


def test_the_wrong_wrapper_loads_nothing_and_the_prefix_is_found(probing: Any) -> None:
    seen = load.measure(probing(**INNER))
    assert seen.loaded == seen.bit_equal == ()
    assert len(seen.unexpected) == 44
    assert len(seen.alignment.matched) == 44
    assert [rule.describe() for rule in seen.alignment.rules] == ["strip model."]


def test_stripping_the_prefix_is_right_for_the_inner_model_and_wrong_for_the_wrapper(probing: Any) -> None:
    inner = {"load_into": "inner_model", "strip_prefix": "model."}
    assert len(load.measure(probing(checkpoint=inner)).bit_equal) == 44
    assert load.measure(probing(checkpoint={"strip_prefix": "model."})).loaded == ()


def test_a_strict_loader_that_raises_is_told(probing: Any) -> None:
    seen = load.measure(probing(checkpoint={"load_into": "inner_model", "strict": True}))
    assert "RuntimeError" in seen.error or "Error(s) in loading" in seen.error
    assert seen.loaded == ()


@pytest.mark.parametrize(
    "rule", ["none", "global-sector", "strip-sector", "strip-angle", "block-sector", "block-angle"]
)
def test_the_rule_in_force_is_told_from_behaviour(probing: Any, rule: str) -> None:
    seen = scan.measure(probing(scan={"rule": rule}))
    assert seen.rules_in_force == (rule,)
    assert all(direction.permutation and direction.as_asked for direction in seen.directions)
    assert len(seen.directions) == 16
    assert seen.cache_is_used == rule.endswith("sector")
    assert seen.calm == "order"
    assert "not finite" in seen.not_finite


def test_a_model_that_silently_keeps_row_major_order_is_seen(probing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from aqboard_reference.topoflow.model import TopoFlow

    def swallowed(self: TopoFlow, x: Tensor) -> Tensor:
        return torch.arange(self.config.num_patches).expand(len(x), -1)

    monkeypatch.setattr(TopoFlow, "token_order", swallowed)
    seen = scan.measure(probing())
    assert seen.rules_in_force == ("none",)
    right = [direction.label for direction in seen.directions if direction.as_asked]
    assert "E" not in right
    assert len(right) < 8, "towards the south, upwind first is row by row anyway"
    assert not seen.cache_is_used


def test_caches_are_grouped_and_the_trainings_one_is_known(probing: Any) -> None:
    shared = probing()
    shared.remember(checkpoint.measure(shared))
    seen = cache.measure(shared)
    assert [len(group.paths) for group in seen.groups.groups] == [2, 1]
    assert seen.planned.digests.content == seen.trained_with
    assert len({facts.file.md5 for facts in seen.groups.facts}) == 3
    assert seen.grid == (8, 16)


def test_a_broken_candidate_is_named_and_a_broken_cache_of_the_plan_is_an_error(
    probing: Any, launch: TinyLaunch
) -> None:
    (launch.folder / "text.pkl").write_text("not a cache")
    seen = cache.measure(probing(scan={"candidates": ["text.pkl"]}))
    assert [Path(file.path).name for file in seen.groups.unreadable] == ["text.pkl"]
    with pytest.raises(AqboardError, match=r"scan\.cache"):
        cache.measure(probing(scan={"cache": "text.pkl"}))


def test_a_forward_pass_is_traced(probing: Any) -> None:
    seen = forward.measure(probing())
    assert (seen.error, seen.output, seen.output_finite) == ("", (2, 6, 16, 32), True)
    assert {"model.climax.blocks.0", "model.climax.head"} <= {call.name for call in seen.trace}


def test_a_column_of_lead_times_is_found_at_fault(probing: Any) -> None:
    seen = forward.measure(probing(forward={"lead_times_shape": "[B, 1]"}))
    assert seen.fault is not None
    assert (seen.fault.input, seen.fault.input_got, seen.fault.input_expected) == ("lead_times", (2, 1), (2,))


class Upstream(nn.Module):
    """Upstream's way with lead times: nothing is checked, and a broadcast makes tokens four-dimensional."""

    def __init__(self) -> None:
        super().__init__()
        self.lead_time_embed = nn.Linear(1, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, x: Tensor, lead_times: Tensor) -> Tensor:
        tokens = x + self.lead_time_embed(lead_times.unsqueeze(-1)).unsqueeze(1)
        _, _, _ = self.norm(tokens).shape
        return tokens


class UpstreamTarget:
    def forward(self, module: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return module(inputs["x"], inputs["lead_times"])


def test_without_any_guard_the_first_wrong_module_and_the_input_behind_it_are_named() -> None:
    wanted = {"x": torch.zeros(2, 3, 4), "lead_times": torch.ones(2)}
    given = {**wanted, "lead_times": torch.ones(2, 1)}
    module, target = Upstream(), UpstreamTarget()
    trace, output, error = forward.run(target, module, given)  # type: ignore[arg-type]
    assert output is None
    assert "too many values to unpack" in error
    fault = forward.find_fault(target, module, given, wanted, trace)  # type: ignore[arg-type]
    assert fault is not None
    assert (fault.module, fault.expected, fault.got) == ("lead_time_embed", (2, 4), (2, 1, 4))
    assert fault.input == "lead_times"


def test_first_losses_separate_what_each_mistake_costs(probing: Any) -> None:
    shared = probing(**INNER, scan={"layout": "compat", "cache": "cache_other.pkl", "candidates": ["cache.pkl"]})
    for probe in (checkpoint, cache, load):
        shared.remember(probe.measure(shared))
    seen = first_loss.measure(shared)
    assert seen.planned.per_batch == seen.random_init.per_batch, "nothing was loaded"
    assert seen.mended is not None
    assert seen.as_trained is not None
    proper = probing()
    for probe in (checkpoint, cache, load):
        proper.remember(probe.measure(proper))
    good = first_loss.measure(proper)
    assert good.mended is None
    assert good.as_trained is None
    assert seen.as_trained.mean == pytest.approx(good.planned.mean, rel=1e-6)
    assert good.candidates[0].setting == "cache.pkl"
    assert good.candidates[0].per_batch == good.candidates[1].per_batch, "same content, one measurement"
    assert good.candidates[-1].scale_only


def test_caches_measured_at_once_lose_what_each_loses_by_itself(probing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured() -> list[tuple[str, tuple[float, ...]]]:
        shared = probing(scan={"candidates": ["cache_other.pkl", "cache_key_order.pkl"]})
        for probe in (checkpoint, cache, load):
            shared.remember(probe.measure(shared))
        return [(row.setting, row.per_batch) for row in first_loss.measure(shared).candidates]

    together = measured()
    monkeypatch.setattr(bench, "ComparesCaches", int)  # as if the target could not
    one_by_one = measured()
    assert [name for name, _ in together] == ["cache.pkl", "cache_other.pkl", "cache_key_order.pkl", "row-major order"]
    assert together[1][1] != together[0][1] == together[2][1]
    for (name, mine), (other, theirs) in zip(together, one_by_one, strict=True):
        assert name == other
        assert mine == pytest.approx(theirs, rel=1e-5)


def test_the_baselines_loss_is_reproduced(probing: Any, launch: TinyLaunch) -> None:
    shared = probing()
    shared.remember(load.measure(shared))
    assert first_loss.measure(shared).planned.mean == pytest.approx(launch.val_loss, abs=1e-4)


def test_without_a_loaded_checkpoint_there_is_no_first_loss(probing: Any) -> None:
    from aqboard.probes import Unavailable

    with pytest.raises(Unavailable, match="could not be loaded"):
        first_loss.measure(probing())


def test_the_curve_is_the_trainings_log(probing: Any) -> None:
    seen = curve.measure(probing())
    assert any(point.val_loss is not None for point in seen.points)
    assert any(point.train_loss is not None for point in seen.points)


def test_loaded_tensors_are_held_against_the_bytes_of_the_file(tmp_path: Path) -> None:
    half, whole = torch.tensor([1.5, float("nan"), -0.0], dtype=torch.bfloat16), torch.tensor([[0.1, -0.0]])
    saved = {"half": half, "whole": whole, "count": torch.tensor(3), "mask": torch.tensor([True, False])}
    torch.save(saved, tmp_path / "a.ckpt")
    ones = {key: key for key in saved}
    with read_checkpoint(tmp_path / "a.ckpt") as file:
        assert equal_to_file(file, saved, ones) == set(saved)
        assert equal_to_file(file, {**saved, "half": half.float()}, ones) == set(saved), "widened, and nothing lost"
        for key, changed in (
            ("half", half.abs()),
            ("half", half.double()),
            ("whole", whole.abs()),
            ("whole", whole.to(torch.bfloat16)),
            ("whole", whole.view(torch.int32)),
            ("whole", whole.T.contiguous()),
            ("count", torch.tensor(4)),
            ("mask", torch.tensor([True, True])),
        ):
            assert equal_to_file(file, {**saved, key: changed}, ones) == set(saved) - {key}, (key, changed)


def test_bits_not_values_are_compared() -> None:
    nan, zero = torch.tensor([float("nan")]), torch.tensor([0.0])
    assert same_bits(nan, nan.clone())
    assert not same_bits(zero, -zero)
    assert not same_bits(zero, zero.double())
    assert not same_bits(zero, zero.view(1, 1))
    assert same_bits(torch.tensor(7), torch.tensor(7))


def test_evidence_survives_the_way_through_the_store(probing: Any) -> None:
    shared = probing()
    for kind, probe in ((CheckpointEvidence, checkpoint), (LoadEvidence, load)):
        evidence = probe.measure(shared)  # type: ignore[attr-defined]
        assert kind.model_validate(evidence.model_dump(mode="json")) == evidence


@pytest.mark.parametrize(("reader", "use"), [("summarise_checkpoint", "checkpoint"), ("inspect_cache", "scan")])
def test_a_file_that_kills_its_reader_never_gets_into_the_probe_process(
    probing: Any, monkeypatch: pytest.MonkeyPatch, reader: str, use: str
) -> None:
    from aqboard.readers import guarded
    from aqboard.readers.errors import ReadError

    def died(path: Path) -> None:
        raise ReadError(f"{path.name}: its reader died.", code="reader-died")

    monkeypatch.setattr(guarded, reader, died)
    with pytest.raises(ReadError, match="its reader died"):
        getattr(probing(), use)
