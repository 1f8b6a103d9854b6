"""The sign-off form: what it records, what it refuses, and what it shows afterwards."""

from pathlib import Path

import pytest

from aqboard.domain.signing.signoff import Decision
from aqboard.store import Store
from tests.dashboard.conftest import words


def decide(app, number: int, *, person: str = "Ada", decision: str | None = "GO", comment: str = ""):
    app.text_input(key=f"person-{number}").set_value(person)
    app.text_area(key=f"comment-{number}").set_value(comment)
    if decision is not None:
        app.radio(key=f"decision-{number}").set_value(decision)
    app.button[0].click()
    return app.run()


def recorded(samples, name: str):
    with Store(samples.database) as store:
        return store.attempt(samples.numbers[name])


@pytest.mark.parametrize("name", ["as_found", "broken", "not_run"])
def test_go_is_not_offered_unless_ready_and_the_page_says_why(name, samples, open_page):
    app = open_page("launch", samples.numbers[name])
    assert app.radio[0].options == ["NO-GO"]
    assert "GO is not possible now" in app.error[0].value
    assert str(recorded(samples, name).readiness.state) in app.error[0].value


def test_a_no_go_is_recorded_without_a_script(samples, open_page):
    number = samples.numbers["as_found"]
    app = decide(open_page("launch", number), number, decision="NO-GO", comment="<b>not</b> yet")
    assert not app.exception and "NO\\-GO by Ada is recorded" in app.success[0].value
    stored = recorded(samples, "as_found")
    assert [(s.person, s.decision, s.comment) for s in stored.signoffs] == [("Ada", Decision.NO_GO, "<b>not</b> yet")]
    assert stored.scripts == ()
    assert "<b>not</b> yet" in [text.value for text in app.text]


def test_a_go_writes_the_script_and_a_later_no_go_takes_it_off_the_page(samples, open_page):
    number = samples.numbers["fixed"]
    app = decide(open_page("launch", number), number)
    (script,) = recorded(samples, "fixed").scripts
    assert Path(script.path).read_text() == script.text
    assert [code.value for code in app.code] == [script.path, script.text.strip()]
    assert "The signed script" in [heading.value for heading in app.subheader]
    app = decide(app, number, person="Grace", decision="NO-GO")
    assert "The script, not signed" in [heading.value for heading in app.subheader]
    assert script.text.strip() not in [code.value for code in app.code]


@pytest.mark.parametrize(
    ("answers", "why"),
    [({"decision": None}, "choose a decision first"), ({"person": "   "}, "person"), ({"person": "a\x00b"}, "person")],
)
def test_an_incomplete_form_is_refused_and_nothing_is_recorded(answers, why, samples, open_page):
    number = samples.numbers["fixed"]
    app = decide(open_page("launch", number), number, **answers)
    assert not app.exception
    assert why in app.error[0].value
    assert recorded(samples, "fixed").signoffs == ()


def test_an_input_that_changed_blocks_a_go_and_voids_the_one_given(samples, open_page):
    number = samples.numbers["fixed"]
    app = decide(open_page("launch", number), number)
    assert "✅ holds" in words(app)
    checkpoint = recorded(samples, "fixed").attempt.plan.checkpoint.path
    checkpoint.write_bytes(checkpoint.read_bytes() + b"one more step")
    app.run()
    assert "**void**" in words(app) and "has changed since it was checked" in words(app).replace("\\", "")
    assert app.radio[0].options == ["NO-GO"]
    assert "The script, not signed" in [heading.value for heading in app.subheader]


def test_a_cluster_profile_nobody_knows_is_told(samples, open_page, tmp_path):
    from tests.sample_attempts import add_attempt, fixed_evidence, sample_plan

    plan = sample_plan(tmp_path / "inputs")
    plan = plan.model_copy(update={"cluster": plan.cluster.model_copy(update={"profile": "atlantis"})})
    with Store(samples.database) as store:
        number = add_attempt(store, plan, fixed_evidence(plan))
    app = open_page("launch", number)
    assert not app.exception
    assert "atlantis" in app.error[0].value
