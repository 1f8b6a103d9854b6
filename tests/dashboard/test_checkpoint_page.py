"""The checkpoint page: coverage, mapping, and the values of every tensor on demand."""

import pytest

from aqboard.domain.checkpoint import HealthReport, TensorHealth
from aqboard.domain.evidence import CheckpointEvidence
from aqboard.domain.evidence_checkpoint import ConfigurationEvidence, HealthEvidence
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.decide import decide
from aqboard.store import Store
from aqboard.web.tables.checkpoint import folded_rows, health_rows, health_sentence, missing_rows, setting_rows, share
from aqboard.web.tables.compare import ABSENT
from tests.dashboard.conftest import words
from tests.sample_attempts import add_attempt, fixed_evidence, sample_plan


def health_of(key: str, **changes: object) -> TensorHealth:
    fields = {"key": key, "numel": 4, "nan": 0, "inf": 0, "zero_share": 0.0, "minimum": -1.0, "maximum": 1.0}
    return TensorHealth(**{**fields, "constant": False, **changes})


def test_a_file_that_reaches_nothing_shows_the_mapping_that_would(samples, open_page):
    app = open_page("checkpoint", samples.numbers["as_found"])
    assert not app.exception
    text = words(app)
    assert "not strict" in text and "**15 of 15** tensors of the file fit the model" in text
    assert any("state_dict" in code.value for code in app.code), "a snippet to paste"


def test_a_mapping_is_not_offered_when_everything_fits(samples, open_page):
    app = open_page("checkpoint", samples.numbers["fixed"])
    assert "The mapping that fits best" not in [heading.value for heading in app.subheader]


def test_values_that_were_measured_are_shown_as_measured(samples, open_page):
    assert "✅ All 15 are sound" in words(open_page("checkpoint", samples.numbers["fixed"]))


@pytest.fixture
def stamped(samples):
    """An attempt whose checkpoint names the launch `fixed`, under the seal that somebody said GO for."""

    def made(**changes: object) -> int:
        with Store(samples.database) as store:
            origin = store.attempt(samples.numbers["fixed"])
            go = decide(store, origin.number, person="Ada", decision=Decision.GO).signoff
            stamp = {
                "attempt": origin.attempt.uid,
                "seal": go.seal,
                "inputs": {file.key: file.sha256 for file in origin.attempt.inputs},
                "step": 1200,
                **changes,
            }
            plan = sample_plan(samples.database.parent / "inputs")
            evidence = [
                item.model_copy(update={"launch": stamp}) if isinstance(item, CheckpointEvidence) else item
                for item in fixed_evidence(plan)
            ]
            return add_attempt(store, plan, evidence)

    return made


def test_the_launch_that_made_the_checkpoint_is_named_and_one_click_away(stamped, samples, open_page):
    app = open_page("checkpoint", stamped())
    assert "Made by a launch that was signed here" in app.success[0].value
    assert f"Made by attempt {samples.numbers['fixed']} under seal" in app.success[0].value
    app.button(key="origin").click()
    app.run()
    assert not app.exception
    assert app.title[0].value == "Launch"
    assert app.sidebar.selectbox[0].value == samples.numbers["fixed"]


def test_a_stamp_that_no_sign_off_stands_behind_is_told_letter_for_letter(stamped, open_page):
    app = open_page("checkpoint", stamped(seal="<b>forged</b>"))
    assert not app.exception
    (warning,) = [box.value for box in app.warning]
    assert "**No sign-off here stands behind it.**" in warning
    assert "nobody said GO for that seal" in warning
    assert "<b>" not in warning


def test_an_origin_in_another_database_has_nothing_to_open(samples, open_page):
    app = open_page("checkpoint", samples.numbers["fixed"])
    assert "which this database does not hold" in words(app)
    assert not [button for button in app.button if button.key == "origin"]


@pytest.fixture
def not_measured(samples) -> int:
    """An attempt of a time when the values were not measured."""
    plan = sample_plan(samples.database.parent / "inputs")
    known = [item for item in fixed_evidence(plan) if not isinstance(item, HealthEvidence)]
    with Store(samples.database) as store:
        return add_attempt(store, plan, known)


def test_values_that_were_not_measured_are_read_when_asked_for(not_measured, open_page):
    app = open_page("checkpoint", not_measured)
    assert "need a look" not in words(app)
    app.session_state["health"] = True
    app.run()
    assert not app.exception
    assert "⚠️ 15 of 15 tensors need a look" in words(app), "the sample's tensors are constants"


@pytest.mark.parametrize("content", [b"", b"shorter"])
def test_a_file_that_changed_is_not_read_as_the_one_that_was_checked(content, samples, not_measured, open_page):
    (samples.database.parent / "inputs" / "best.ckpt").write_bytes(content)
    app = open_page("checkpoint", not_measured)
    app.session_state["health"] = True
    app.run()
    assert not app.exception and len(app.error) == 1


def test_tensors_to_look_at_are_named_with_their_ailment_worst_first():
    report = HealthReport(
        tensors=(
            health_of("fine"),
            health_of("flat", constant=True, minimum=0.0, maximum=0.0),
            health_of("untouched", never_trained="its Adam state is zero"),
            health_of("broken", nan=2, inf=1),
        ),
        unread=("f8",),
    )
    assert [(row["tensor"], row["what"]) for row in health_rows(report)] == [
        ("broken", "❌ 2 NaN; ❌ 1 infinite"),
        ("flat", "constant 0"),
        ("untouched", "never trained: its Adam state is zero"),
    ]
    assert health_sentence(report).startswith("⚠️ 3 of 4 tensors") and "1 have a type" in health_sentence(report)


def test_settings_that_differ_are_shown_those_that_must_agree_first():
    found = ConfigurationEvidence(
        saved={"lr": 1e-3, "model.heads": 8, "model.depth": 6, "model.old": 1},
        launch={"lr": 1e-4, "model.heads": 4, "model.depth": 6, "model.new": None},
    )
    rows = setting_rows(found, must_agree=("model.*",), may_differ=("model.new",))
    assert [tuple(row.values()) for row in rows] == [
        ("model.heads", "8", "4", "❌ must agree"),
        ("model.old", "1", ABSENT, "❌ must agree"),
        ("lr", "0.001", "0.0001", "may differ"),
        ("model.new", ABSENT, "None", "may differ"),
    ]


def test_keys_are_folded_and_undeclared_ones_come_first():
    keys = [f"blocks.{i}.w" for i in range(6)] + ["blocks.0.alpha"]
    assert folded_rows(keys) == [
        {"tensor": "blocks.{0..5}.w", "tensors": 6},
        {"tensor": "blocks.0.alpha", "tensors": 1},
    ]
    rows = missing_rows(keys[::-1], ("*.alpha",))
    assert [(row["tensor"], row[""]) for row in rows] == [
        ("blocks.{0..5}.w", "❌ stays random"),
        ("blocks.0.alpha", "declared in the plan"),
    ]


def test_a_share_of_nothing_is_nothing():
    assert (share(0, 0), share(3, 4)) == (0.0, 0.75)
