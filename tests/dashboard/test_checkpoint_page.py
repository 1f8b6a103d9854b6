"""The checkpoint page: coverage, mapping, and the values of every tensor on demand."""

import pytest

from aqboard.domain.evidence.checkpoint import CheckpointEvidence, HealthEvidence
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.decide import decide
from aqboard.store import Store
from tests.dashboard.conftest import words
from tests.sample_attempts import add_attempt, fixed_evidence, sample_plan


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
