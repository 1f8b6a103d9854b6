"""Key alignment on the ways checkpoints and models really come apart: nothing is ever mapped wrongly."""

import pytest
import torch

from aqboard.domain.checkpoint import TensorSpec
from aqboard.readers.align.key_paths import fold_keys
from aqboard.readers.align.match import align_keys
from tests.readers.alignment_scenarios import BASE, DIM, SCENARIOS, under


def specs(shapes):
    return {key: TensorSpec(shape=shape, dtype="float32") for key, shape in shapes.items()}


def aligned(scenario):
    return align_keys(specs(scenario.checkpoint), specs(scenario.model))


every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def remapped_by_snippet(snippet, keys):
    """What the code a user would paste makes of each key."""
    definition = snippet.split("\nstate = ")[0]
    names = {}
    exec(definition, names)
    return {key: names["remap"](key) for key in keys}


@every_scenario
def test_nothing_is_mapped_wrongly_and_enough_is_found(scenario):
    found = aligned(scenario)
    for match in found.matched:
        assert scenario.truth(match.checkpoint_key) == match.model_key, match
    assert len(found.matched) >= scenario.enough
    assert found.complete == (len(found.matched) == len(scenario.model) > 0)
    assert {match.model_key for match in found.matched}.isdisjoint(found.missing)
    accounted = [match.checkpoint_key for match in (*found.matched, *found.weak, *found.shape_mismatches)]
    assert sorted([*accounted, *found.unexpected]) == sorted(scenario.checkpoint)


@every_scenario
def test_the_snippet_does_exactly_what_was_found(scenario):
    found = aligned(scenario)
    result = remapped_by_snippet(found.snippet, scenario.checkpoint)
    applied = {match.checkpoint_key: match.model_key for match in found.matched}
    assert {key: result[key] for key in applied} == applied
    left_over = [result[key] for key in scenario.checkpoint if key not in applied]
    assert set(left_over).isdisjoint(applied.values())


def test_the_story_names_the_prefix():
    found = align_keys(specs(under("model.climax.", BASE)), specs(under("climax.", BASE)))
    assert [rule.describe() for rule in found.rules] == ["strip model."]
    assert "key.startswith('model.')" in found.snippet
    assert found.complete
    assert found.matched_parameters == found.model_parameters > 0


def test_rivals_are_told_and_not_applied():
    (scenario,) = (each for each in SCENARIOS if each.name == "student and teacher, both fit")
    found = aligned(scenario)
    assert not found.matched
    assert len(found.weak) == len(BASE)
    assert "teacher." in found.weak[0].rule
    assert found.rules[0].ambiguous


def test_shapes_and_dtypes_are_held_against_each_other():
    checkpoint = specs(BASE) | {"head.2.bias": TensorSpec(shape=(9,), dtype="float32")}
    checkpoint["pos_embed"] = TensorSpec(shape=(1, 16, DIM), dtype="bfloat16")
    found = align_keys(checkpoint, specs(BASE))
    (mismatch,) = found.shape_mismatches
    assert (mismatch.checkpoint_key, mismatch.checkpoint_shape, mismatch.model_shape) == ("head.2.bias", (9,), (4,))
    (change,) = found.dtype_changes
    assert (change.checkpoint_key, change.checkpoint_dtype, change.model_dtype) == ("pos_embed", "bfloat16", "float32")
    assert not found.complete


def test_real_modules_compiled_and_wrapped():
    inner = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))

    def of(state):
        return {key: TensorSpec(shape=tuple(t.shape), dtype=str(t.dtype)[6:]) for key, t in state.items()}

    compiled = torch.compile(inner)
    found = align_keys(of(compiled.state_dict()), of(inner.state_dict()))
    assert (len(found.remapped), found.complete) == (4, True)
    state = {remapped_by_snippet(found.snippet, [k])[k]: v for k, v in compiled.state_dict().items()}
    assert inner.load_state_dict(state, strict=True).missing_keys == []


def test_folding_shows_ranges_and_gaps():
    keys = ["b.0.w", "b.1.w", "b.2.w", "h.0.w", "h.2.w", "norm.w"]
    assert [(f.pattern, f.count) for f in fold_keys(keys)] == [("b.{0..2}.w", 3), ("h.{0,2}.w", 2), ("norm.w", 1)]
