"""Every check: healthy evidence passes; one thing changed makes it say the right words."""

from pathlib import Path
from typing import Any

import pytest

from aqboard.checks.check import Check
from aqboard.checks.suite import SUITE
from aqboard.domain.cache import CacheFault, UnreadableCache
from aqboard.domain.evidence.loss import LossMeasurement
from aqboard.domain.evidence.scan import DirectionResult
from aqboard.domain.finding import Severity, Stage, Verdict
from aqboard.domain.plan import LaunchPlan
from tests import sample_attempts
from tests.checks.judging import BY_ID, ERROR, FAIL, PASS, SKIP, WARN, Healthy, judge


def test_ids_are_unique_and_every_check_explains_itself() -> None:
    assert len(BY_ID) == len(SUITE)
    for check in SUITE:
        assert check.question.endswith("?"), check.id
        assert len(check.page.splitlines()) > 2, f"{check.id} does not say why it matters"
        assert check.judge.__doc__
        assert "PASS" in check.judge.__doc__ or "WARN" in check.judge.__doc__


INFORM = {"cache.timeline", "loss.candidates", "train.cost"}
WARN_ONLY = {
    "checkpoint.launch", "scan.refusal", "cache.content", "forward.counterfactuals", "loss.attribution",
    "launch.walltime", "environment.ready",
}  # fmt: skip
STAGES = {
    "baseline": Stage.CHECKPOINT, "train": Stage.TRAINING, "ranks": Stage.TRAINING, "environment": Stage.LAUNCH,
}  # fmt: skip


def test_all_checks_block_but_those_that_only_hint() -> None:
    by_severity = {severity: {c.id for c in SUITE if c.severity is severity} for severity in Severity}
    assert by_severity[Severity.INFORMS] == INFORM
    assert by_severity[Severity.WARNS] == WARN_ONLY
    assert by_severity[Severity.BLOCKS] == set(BY_ID) - INFORM - WARN_ONLY


def test_a_checks_stage_is_the_first_word_of_its_id() -> None:
    for check in SUITE:
        word = check.id.partition(".")[0]
        assert check.stage is (STAGES.get(word) or Stage(word)), check.id


# What `sample_attempts` calls healthy has one candidate with other orders, which deserves a warning.
@pytest.mark.parametrize("check", SUITE, ids=lambda check: check.id)
def test_healthy_evidence_passes(check: Check, healthy: Healthy) -> None:
    found = judge(check, healthy)
    assert found.verdict is (WARN if check.id == "cache.content" else PASS), found.summary


def direction(label: str, **changes: Any) -> DirectionResult:
    fields = {"label": label, "angle_deg": 0.0, "permutation": True, "as_asked": True, "moved": 0.5}
    return DirectionResult(**{**fields, **changes})


def scan_plan(plan: LaunchPlan, **changes: Any) -> dict[str, Any]:
    return {"scan": plan.scan.model_copy(update=changes)}


def measured(mean: float, setting: str = "x", *, scale_only: bool = False) -> LossMeasurement:
    return LossMeasurement(setting=setting, per_batch=(mean, mean), samples=(2, 2), scale_only=scale_only)


HERE = Path(__file__).parent
LOAD = {"loaded": (), "bit_equal": (), "loaded_parameters": 0}

LAUNCH: dict[str, Any] = {
    "attempt": "a" * 32,
    "number": 3,
    "seal": "5" * 64,
    "signed": {"scan_rule": "strip-sector"},
    "facts": {"scan_rule": "strip-sector"},
    "ranks_signed": 400,
    "ranks": 400,
}

CASES: list[tuple[str, dict[str, Any], Verdict, str]] = [
    ("checkpoint.coverage", {**LOAD, "unexpected": ("model.a", "model.b")}, FAIL, "0 of 15 checkpoint tensors reach"),
    ("checkpoint.coverage", {"missing": ("climax.norm.weight",)}, FAIL, "1 tensors of the model stay random"),
    ("checkpoint.coverage", {"missing": ("a.elevation_alpha",)}, PASS, "new in this model, as declared"),
    ("checkpoint.coverage", {"mismatched": ("k: [1] in the file, [2] in the model",)}, FAIL, "another shape"),
    ("checkpoint.coverage", {"error": "Error(s) in loading\nmany lines"}, FAIL, "loading raises: Error(s) in loading"),
    ("checkpoint.coverage", {"model_tensors": 0}, ERROR, "nothing was compared"),
    ("checkpoint.bitwise", LOAD, SKIP, "nothing to compare"),
    ("checkpoint.bitwise", {"bit_different": ("climax.pos_embed",)}, FAIL, "differ from the file: climax.pos_embed"),
    ("checkpoint.settings", {"provenance": None}, WARN, "no provenance stamp"),
    ("checkpoint.settings", {"provenance": {"scan_rule": "strip-sector"}}, WARN, "does not name scan_layout"),
    (
        "checkpoint.settings",
        {"provenance": {"scan_rule": "strip-sector", "scan_layout": "compat"}},
        FAIL,
        "scan layout is corrected, trained with compat",
    ),
    ("checkpoint.launch", {"launch": None}, SKIP, "carries no launch stamp"),
    ("checkpoint.launch", {"launch": {"attempt": 3}}, WARN, "names no attempt or no seal"),
    ("checkpoint.launch", {"launch": {**LAUNCH, "ranks": 8}}, FAIL, "it ran on 8 ranks, signed were 400"),
    (
        "checkpoint.launch",
        {"launch": {**LAUNCH, "facts": {"scan_rule": "none"}}},
        FAIL,
        "scan_rule is none, signed was strip-sector, scan_rule is none, the Provenance stamp says strip-sector",
    ),
    ("checkpoint.coverage", {"checkpoint_tensors": 0}, ERROR, "nothing was compared"),
    ("checkpoint.bitwise", {"bit_different": ("a", "b")}, FAIL, "2 of 15 loaded tensors differ from the file: a, b."),
    ("checkpoint.launch", {"launch": {**LAUNCH, "seal": None}}, WARN, "names no attempt or no seal"),
    ("checkpoint.launch", {"launch": {**LAUNCH, "attempt": None}}, WARN, "names no attempt or no seal"),
    ("checkpoint.launch", {"launch": {**LAUNCH, "facts": None}}, FAIL, "scan_rule is None, signed was strip-sector."),
    ("checkpoint.launch", {"launch": LAUNCH, "provenance": None}, PASS, "attempt 3, seal 555555555555, step None."),
    (
        "checkpoint.launch",
        {"launch": {**LAUNCH, "facts": {**LAUNCH["facts"], "scan_cache": "other"}}},
        FAIL,
        "scan_cache is other, the Provenance stamp says",
    ),
    ("scan.rule", {"rules_in_force": ()}, FAIL, "none of the known scan rules"),
    ("scan.rule", {"rules_in_force": ("strip-angle",)}, FAIL, "orders its tokens by strip-angle"),
    ("scan.rule", {"rules_in_force": ("strip-sector", "none")}, WARN, "do not tell strip-sector or none apart"),
    ("scan.order", {"directions": ()}, ERROR, "No wind direction"),
    ("scan.order", {"directions": (direction("E"), direction("N", permutation=False))}, FAIL, "1 of 2 directions lose"),
    ("scan.order", {"directions": (direction("E", as_asked=False),)}, FAIL, "not ordered as strip-sector asks: E"),
    ("scan.order", {"directions": (direction("E", moved=0.0),)}, FAIL, "the scan does nothing"),
    ("scan.order", {"directions": (direction("E"), direction("W", as_asked=False))}, FAIL, "1 of 2 directions are not"),
    (
        "scan.order",
        {"directions": (direction("E", permutation=False, as_asked=False), direction("W", as_asked=False))},
        FAIL,
        "1 of 2 directions lose or repeat patches: E.",
    ),
    ("scan.order", {"directions": (direction("E", moved=0.0), direction("W", moved=0.1))}, PASS, "2 of 2 directions"),
    ("scan.cache_used", {"cache_is_used": False}, FAIL, "the cache is not read"),
    ("scan.refusal", {"not_finite": "accepted"}, FAIL, "without a word"),
    ("scan.refusal", {"calm": "ValueError: no wind"}, FAIL, "Calm air stops the model: ValueError: no wind"),
    ("cache.valid", {"grid": (8, 15)}, FAIL, "for 8 x 16 patches, the model has 8 x 15."),
    ("cache.valid", {"grid": (64, 128)}, FAIL, "for 8 x 16 patches, the model has 64 x 128"),
    ("cache.trained_with", {"trained_with": ""}, WARN, "does not say which cache"),
    ("cache.trained_with", {"trained_with": "0" * 64}, FAIL, "other orders than the one of the training"),
    (
        "forward.shapes",
        {"error": "RuntimeError: x", "fault": None, "trace": ()},
        FAIL,
        "fails after the input: RuntimeError: x",
    ),
    ("forward.shapes", {"output_finite": False}, FAIL, "NaN or infinite"),
    ("loss.first", {"planned": measured(0.964)}, FAIL, "0.9640 instead of 0.3557: 2.7 times the baseline"),
    ("loss.first", {"planned": measured(3.2)}, FAIL, "Random weights give as much (3.2100)"),
    ("loss.first", {"planned": measured(float("nan"))}, FAIL, "not a number"),
    (
        "loss.first",
        {"planned": measured(0.9), "mended": measured(0.8), "as_trained": measured(0.36)},
        FAIL,
        "With the scan set as in the training, too: 0.3600, within the limit.",
    ),
    ("loss.candidates", {"candidates": (measured(0.4, "a"), measured(0.3, "b"))}, WARN, "b gives 0.3000"),
    ("loss.candidates", {"candidates": ()}, SKIP, "no other candidate"),
    ("loss.candidates", {"candidates": (measured(1.0, "a"), measured(0.95, "b"))}, PASS, "No candidate is clearly"),
    ("loss.candidates", {"candidates": (measured(1.0, "a"), measured(0.94, "b"))}, WARN, "b gives 0.9400"),
    (
        "loss.candidates",
        {"candidates": (measured(0.4, "a"), measured(0.3, "b"), measured(0.2, "c"), measured(0.5, "d"))},
        WARN,
        "c gives 0.2000, the plan's cache 0.4000.",
    ),
    ("loss.candidates", {"candidates": (measured(0.4, "a"),)}, SKIP, "no other candidate"),
    (
        "loss.candidates",
        {"candidates": (measured(0.4, "a"), measured(0.39, "b"), measured(0.1, "rows", scale_only=True))},
        PASS,
        "No candidate is clearly better",
    ),
]


@pytest.mark.parametrize(("check_id", "changes", "verdict", "said"), CASES, ids=lambda value: str(value)[:40])
def test_one_thing_changed_is_told(
    healthy: Healthy, check_id: str, changes: dict[str, Any], verdict: Verdict, said: str
) -> None:
    found = judge(BY_ID[check_id], healthy, changes)
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary
    assert found.remedy or verdict is PASS or verdict is SKIP


def test_every_check_can_say_something_else_than_pass() -> None:
    said = {check_id for check_id, _, verdict, _ in CASES if verdict in (FAIL, WARN, ERROR)}
    in_its_own_file = {check_id for check_id in BY_ID if (HERE / f"test_{check_id.replace('.', '_')}.py").exists()}
    separately = {"checkpoint.intact", "cache.content"}
    assert said | separately | in_its_own_file == set(BY_ID)


@pytest.mark.parametrize(
    ("verdict", "said", "expected"),
    [("damaged", "do not match their checksum", FAIL), ("no-checksums", "carries no checksums", WARN)],
)
def test_checksums(healthy: Healthy, verdict: str, said: str, expected: Verdict) -> None:
    integrity = healthy[1]["file"].integrity.model_copy(  # type: ignore[attr-defined]
        update={"verdict": verdict, "damaged": ("data/3",) if verdict == "damaged" else ()}
    )
    found = judge(BY_ID["checkpoint.intact"], healthy, {"integrity": integrity})
    assert (found.verdict, said in found.summary) == (expected, True)


def test_a_checkpoint_without_tensors_is_never_intact(healthy: Healthy) -> None:
    assert judge("checkpoint.intact", healthy, {"tensors": 0}).verdict is ERROR


def test_caches_with_one_content_pass_and_unreadable_ones_warn(healthy: Healthy) -> None:
    groups = healthy[1]["cache"].groups  # type: ignore[attr-defined]
    same = groups.model_copy(update={"groups": groups.groups[:1], "facts": groups.facts[:2]})
    found = judge(BY_ID["cache.content"], healthy, {"groups": same})
    assert (found.verdict, "2 caches, 2 MD5s, one content" in found.summary) == (PASS, True)
    broken = same.model_copy(
        update={"unreadable": (UnreadableCache(path="/x/c.pkl", code="not-pickle", message="It is text."),)}
    )
    found = judge(BY_ID["cache.content"], healthy, {"groups": broken})
    assert (found.verdict, "c.pkl (It is text.)" in found.summary) == (WARN, True)
    alone = same.model_copy(update={"facts": groups.facts[:1]})
    assert judge(BY_ID["cache.content"], healthy, {"groups": alone}).verdict is SKIP


def test_orders_that_are_no_permutations_fail_validity(healthy: Healthy) -> None:
    fault = CacheFault(scope="global", sector=3, tables=1, detail="patch 5 twice")
    planned = healthy[1]["cache"].planned.model_copy(update={"faults": (fault,)})  # type: ignore[attr-defined]
    found = judge(BY_ID["cache.valid"], healthy, {"planned": planned})
    assert (found.verdict, "global, sector 3: patch 5 twice" in found.summary) == (FAIL, True)


def test_rules_that_read_no_cache_are_judged_as_such(healthy: Healthy) -> None:
    by_angle = scan_plan(healthy[0], rule="strip-angle")
    used = BY_ID["scan.cache_used"]
    assert judge(used, healthy, {"cache_is_used": False}, **by_angle).verdict is PASS
    assert judge(used, healthy, {"cache_is_used": True}, **by_angle).verdict is FAIL
    assert judge(BY_ID["cache.trained_with"], healthy, {"trained_with": "0" * 64}, **by_angle).verdict is PASS
    rows = scan_plan(healthy[0], rule="none")
    assert judge(BY_ID["scan.refusal"], healthy, {"not_finite": "accepted"}, **rows).verdict is PASS


def test_the_twin_of_the_training_is_named_as_the_remedy(healthy: Healthy) -> None:
    groups = healthy[1]["cache"].groups  # type: ignore[attr-defined]
    other = groups.facts[2]
    found = judge(BY_ID["cache.trained_with"], healthy, {"planned": other})
    assert found.verdict is FAIL
    assert str(Path(groups.facts[0].file.path)) in found.remedy


def test_the_forward_fault_names_the_input_and_the_first_module(tmp_path: Path) -> None:
    sample_attempts.write_files(tmp_path)
    plan = sample_attempts.sample_plan(tmp_path)
    evidence = {item.kind: item for item in sample_attempts.as_found_evidence(plan)}
    found = BY_ID["forward.shapes"].judge(plan, evidence["forward"])
    assert found.verdict is FAIL
    for part in ("lead_times is [2, 1], the model wants [2]", "climax.lead_time_embed is the first to go wrong"):
        assert part in found.summary
    assert "Pass lead_times with shape [2]" in found.remedy
    module = evidence["forward"].fault.model_copy(update={"module": ""})  # type: ignore[attr-defined]
    before = judge("forward.shapes", (plan, evidence), {"fault": module})
    assert "the model refuses its input before the first module" in before.summary
    named = judge("forward.shapes", (plan, evidence), {"fault": None})
    assert "fails after climax.lead_time_embed: ValueError" in named.summary


def test_tensors_that_another_mapping_would_load_are_offered_it(tmp_path: Path) -> None:
    sample_attempts.write_files(tmp_path)
    plan = sample_attempts.sample_plan(tmp_path)
    evidence = {item.kind: item for item in sample_attempts.as_found_evidence(plan)}
    found = judge("checkpoint.coverage", (plan, evidence))
    assert "15 of 15 fit with another mapping (" in found.remedy
    assert "(none)" not in found.remedy
    shares = {figure.name: figure.value for figure in found.measurements}
    assert (shares["share of the model's parameters"], shares["missing and not declared"]) == (0.0, 15)
    load = evidence["load"].alignment  # type: ignore[attr-defined]
    ambiguous = tuple(rule.model_copy(update={"ambiguous": True}) for rule in load.rules)
    unsure = {"alignment": load.model_copy(update={"rules": ambiguous})}
    assert "another mapping (none)" in judge("checkpoint.coverage", (plan, evidence), unsure).remedy


def test_a_mapping_that_loads_no_more_is_not_offered(healthy: Healthy) -> None:
    found = judge("checkpoint.coverage", healthy, {"unexpected": ("a", "b")})
    assert (found.verdict, "No mapping of the keys fits this model" in found.remedy) == (FAIL, True)


def test_half_a_model_is_told_as_half(healthy: Healthy) -> None:
    found = judge("checkpoint.coverage", healthy, {"model_parameters": 2 * 15 * 4096})
    assert "50.0 % of its parameters." in found.summary
    assert found.measurements[2].value == 0.5
    declared = judge("checkpoint.coverage", healthy, {"missing": ("a.elevation_alpha", "b.H_scale", "c")})
    assert "1 tensors of the model stay random: c." in declared.summary


def test_settings_that_differ_are_told_with_what_to_set(healthy: Healthy) -> None:
    changes = {"provenance": {"scan_rule": "none", "scan_layout": "compat"}}
    found = judge("checkpoint.settings", healthy, changes)
    assert found.summary.endswith(
        "scan rule is strip-sector, trained with none; scan layout is corrected, trained with compat."
    )
    assert found.remedy == "Set scan.rule to none; set scan.layout to compat."
    silent = judge("checkpoint.settings", healthy, {"provenance": {"scan_layout": 3}})
    assert "does not name scan_rule and scan_layout" in silent.summary


def test_the_launch_stamp_is_told_as_far_as_it_goes(healthy: Healthy) -> None:
    figures = judge("checkpoint.launch", healthy, {"launch": {}}).measurements
    assert [(figure.value, figure.limit) for figure in figures] == [
        ("not named", ""),
        ("not named", ""),
        ("None", "signed for None"),
    ]
    settings = {**LAUNCH, "signed": {}, "facts": {"scan_layout": "compat"}}
    found = judge("checkpoint.launch", healthy, {"launch": settings})
    assert "scan_layout is compat, the Provenance stamp says corrected" in found.summary


def test_the_caches_that_hold_other_orders_are_named_and_no_others(healthy: Healthy) -> None:
    found = judge("cache.content", healthy)
    assert found.summary == "3 caches, 3 MD5s, 2 contents. Other orders than the plan's: reversed.pkl."
    planned = healthy[1]["cache"].groups.facts[2]  # type: ignore[attr-defined]
    other = judge("cache.content", healthy, {"planned": planned})
    assert other.summary.endswith("Other orders than the plan's: cache.pkl, same_content.pkl.")


def test_without_a_twin_of_the_training_the_cache_is_to_be_searched(healthy: Healthy) -> None:
    found = judge("cache.trained_with", healthy, {"trained_with": "0" * 64})
    assert "None of the candidates holds the orders" in found.remedy
    silent = judge("cache.trained_with", healthy, {"trained_with": ""})
    assert [figure.name for figure in silent.measurements] == [
        "content digest of the plan's cache",
        "trained with",
        "MD5 of the plan's cache",
    ]
    assert silent.measurements[1].value == "not recorded"


def test_every_order_that_is_no_permutation_is_counted(healthy: Healthy) -> None:
    faults = tuple(
        CacheFault(scope=scope, sector=3, tables=n, detail="x") for scope, n in (("global", 2), ("regional", 3))
    )
    planned = healthy[1]["cache"].planned  # type: ignore[attr-defined]
    found = judge("cache.valid", healthy, {"planned": planned.model_copy(update={"faults": faults})})
    assert "5 orders are not permutations; the first is global" in found.summary
    assert judge("cache.valid", healthy).summary == (
        "Grid 8 x 16, 16 sectors, every order a permutation; as the generator builds it."
    )
    other = planned.model_copy(update={"equals_generator": False, "generator_note": "made by hand"})
    assert "; made by hand." in judge("cache.valid", healthy, {"planned": other}).summary


def test_the_spread_of_one_batch_is_none(healthy: Healthy) -> None:
    one = LossMeasurement(setting="a", per_batch=(0.4,), samples=(2,))
    two = LossMeasurement(setting="b", per_batch=(0.3, 0.5), samples=(2, 2))
    limits = [f.limit for f in judge("loss.candidates", healthy, {"candidates": (one, two)}).measurements]
    assert limits == ["spread 0.0000 over batches", "spread 0.1414 over batches"]


def test_an_order_that_moves_nothing_is_right_where_no_scan_is_asked_for(healthy: Healthy) -> None:
    rows = scan_plan(healthy[0], rule="none")
    assert judge("scan.order", healthy, {"directions": (direction("E", moved=0.0),)}, **rows).verdict is PASS


def test_only_a_scan_by_wind_must_refuse_wind_that_is_none(healthy: Healthy) -> None:
    rows = scan_plan(healthy[0], rule="none")
    assert "Row-major order reads no wind" in judge("scan.refusal", healthy, {"not_finite": "accepted"}, **rows).summary
    assert "a NaN pixel is refused: “WindError" in judge("scan.refusal", healthy, **rows).summary
    by_sector = judge("scan.cache_used", healthy)
    by_angle = judge("scan.cache_used", healthy, {"cache_is_used": False}, **scan_plan(healthy[0], rule="strip-angle"))
    assert "the cache is read" in by_sector.summary
    assert "another cache in memory changes nothing" in by_angle.summary
