"""The launch page with accounts and waivers, and the audit page."""

import sqlite3

import pytest
import yaml

from aqboard.domain.signing.identity import Identity
from aqboard.location import config_folder
from aqboard.signing.accounts import add
from aqboard.signing.installation import settings_file
from aqboard.store import Store
from tests.dashboard.conftest import words

PASSWORD = "correct horse battery"


@pytest.fixture
def team(samples):
    """Two accounts beside the author's; the policy asks for a lead."""
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text(yaml.safe_dump({"mode": "account", "policy": {"approvals": [{"role": "lead"}]}}))
    with Store(samples.database) as store:
        add(store, "ammar", person="Ammar", roles=["lead"], password=PASSWORD)
        add(store, "grace", person="Grace Hopper", roles=["lead"], password=PASSWORD)
        add(store, "max", person="Max", roles=[], password=PASSWORD)
    return samples


def sign_in(app, name: str, password: str = PASSWORD):
    app.text_input(key="login-name").set_value(name)
    app.text_input(key="login-password").set_value(password)
    next(button for button in app.button if button.label == "Sign in").click()
    return app.run()


def say(app, number: int, decision: str):
    app.radio(key=f"decision-{number}").set_value(decision)
    next(button for button in app.button if button.label == "Record the decision").click()
    return app.run()


def shown(app) -> str:
    return words(app).replace("\\", "")


def test_nobody_decides_without_signing_in_but_everybody_may_read(team, open_page):
    app = open_page("launch", team.numbers["fixed"])
    assert not app.exception
    assert not app.radio
    assert "The script, not signed" in shown(app)
    assert "GO is missing from 1 person with the role lead" in shown(app)
    assert "Ask Ammar, Grace Hopper" in shown(app)
    app = sign_in(app, "grace", "wrong")
    assert "there is no such account, or the password is wrong" in shown(app)
    assert not app.radio


def test_the_author_cannot_approve_and_another_person_can(team, open_page):
    number = team.numbers["fixed"]
    app = sign_in(open_page("launch", number), "ammar")
    assert "the author's own word does not count" in shown(app)
    assert app.radio(key=f"decision-{number}").options == ["NO-GO"]
    app = sign_in(open_page("launch", number), "max")
    app = say(app, number, "GO")
    assert "GO by Max is recorded. GO is missing from 1 person with the role lead" in shown(app)
    assert "The script, not signed" in shown(app)
    app = say(sign_in(open_page("launch", number), "grace"), number, "GO")
    assert "Nothing stands between here and the launch" in shown(app)
    assert "The signed script" in shown(app)
    assert "✅ GO by **Grace Hopper**" in shown(app)
    assert "by account and password, role lead" in shown(app)


def test_a_disabled_account_is_signed_out_by_the_next_click(team, open_page):
    from aqboard.signing.accounts import disable

    number = team.numbers["fixed"]
    app = sign_in(open_page("launch", number), "grace")
    app.radio(key=f"decision-{number}").set_value("GO")
    with Store(team.database) as store:
        disable(store, "grace")
    next(button for button in app.button if button.label == "Record the decision").click()
    app.run()
    assert "You are not signed in any more. Nothing was recorded" in shown(app)
    with Store(team.database) as store:
        assert store.attempt(number).signoffs == ()


def test_a_mistake_in_the_settings_closes_the_page_and_says_where(samples, open_page):
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text("mode: acount\n")
    app = open_page("launch", samples.numbers["fixed"])
    assert not app.exception
    assert "signing.yaml: mode" in shown(app)
    assert not app.radio


def test_a_board_behind_a_proxy_believes_no_header_that_did_not_come_through_it(samples, open_page, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text(yaml.safe_dump({"mode": "proxy", "proxy": {"secret_file": str(secret)}}))
    app = open_page("launch", samples.numbers["fixed"])
    assert not app.exception
    assert "did not come through the trusted proxy" in shown(app)
    assert not app.radio


def test_oidc_offers_the_providers_door_and_takes_its_word(samples, open_page, monkeypatch):
    config_folder().mkdir(parents=True, exist_ok=True)
    settings_file().write_text(yaml.safe_dump({"mode": "oidc", "roles": {"grace@example.org": ["lead"]}}))
    number = samples.numbers["fixed"]
    app = open_page("launch", number)
    assert "Sign in with the team's provider" in [button.label for button in app.button]
    claims = {"is_logged_in": True, "name": "Grace", "email": "grace@example.org", "email_verified": True, "sub": "1"}
    monkeypatch.setattr("streamlit.user_info._get_user_info", lambda: claims)
    app = say(open_page("launch", number), number, "GO")
    assert "Grace (grace@example.org)" in shown(app)
    assert "by the identity provider, role lead" in shown(app)
    claims["is_logged_in"] = "True"
    app = open_page("launch", number)
    assert not app.radio, "a header that calls itself logged in is text"


def propose(app, number: int, check: str, person: str, **values):
    next(button for button in app.button if button.label.startswith("Accept a risk")).click()
    app.run()
    app.selectbox(key=f"waive-check-{number}").set_value(check)
    app.text_input(key=f"waive-person-{number}").set_value(person)
    app.text_area(key=f"waive-reason-{number}").set_value(values.get("reason", "known since March"))
    app.text_area(key=f"waive-risk-{number}").set_value(values.get("risk", "<b>a lost night</b>"))
    if values.get("unknown"):
        app.checkbox(key=f"waive-unknown-{number}").set_value(True)
    app.button(key=f"propose-{number}").click()
    return app.run()


def test_a_risk_is_accepted_by_two_people_and_stays_visible(samples, open_page):
    number = samples.numbers["broken"]
    app = open_page("launch", number)
    with Store(samples.database) as store:
        unknown = store.attempt(number).readiness.unknown
    app = propose(app, number, unknown[0], "Ammar")
    assert "so it is not known whether anything is wrong" in shown(app)
    for check in unknown:
        app = propose(app, number, check, "Ammar", unknown=True)
        assert "A second person must confirm it" in shown(app)
        with Store(samples.database) as store:
            uid = store.attempt(number).waivers[-1].waiver.uid
        app.text_input(key=f"answer-name-{uid}").set_value("Ammar")
        app.button(key=f"yes-{uid}").click()
        app.run()
        assert "somebody else must confirm it" in shown(app)
        app.text_input(key=f"answer-name-{uid}").set_value("Grace")
        app.button(key=f"yes-{uid}").click()
        app.run()
        assert "is in force" in shown(app)
    assert not app.exception
    assert "nobody knows whether it is right" in shown(app)
    assert "GO is possible" in shown(app)
    app.text_input(key=f"person-{number}").set_value("Grace")
    app = say(app, number, "GO")
    with Store(samples.database) as store:
        (script,) = store.attempt(number).scripts
    assert script.text.count("NOBODY KNOWS whether it is right") == len(unknown)
    assert "# " in script.text and "| Risk: <b>a lost night</b>" in script.text


def test_the_audit_page_shows_verifies_and_finds(samples, open_page):
    app = open_page("audit", samples.numbers["fixed"])
    assert not app.exception
    assert set(app.dataframe[0].value["did"]) >= {"attempt added", "measured", "findings stored"}
    app.toggle(key="audit-only").set_value(True).run()
    assert set(app.dataframe[0].value["about"]) == {f"attempt {samples.numbers['fixed']}"}
    app.button[0].click().run()
    assert "The log is whole" in app.success[0].value
    raw = sqlite3.connect(samples.database, isolation_level=None)
    raw.execute("DROP TRIGGER findings_no_update")
    raw.execute("UPDATE findings SET verdict = 'pass'")
    raw.close()
    app.button[0].click().run()
    assert "The log is not what was written" in app.error[0].value


def test_names_of_strangers_are_text_in_the_log(samples, open_page):
    who = Identity(person="<img src=x onerror=alert(1)> **b**", identified_by="none")
    with Store(samples.database) as store:
        attempt = store.attempt(samples.numbers["fixed"]).attempt
        store.add_attempt(attempt.model_copy(update={"uid": "9" * 32}), who)
    app = open_page("audit", samples.numbers["fixed"])
    assert app.dataframe[0].value["who"][0] == "<img src=x onerror=alert(1)> **b**"
