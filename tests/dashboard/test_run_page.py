"""Run checks from the page: real sessions in real processes, with stub probes."""

import os
import time
from pathlib import Path

import pytest
import yaml

from aqboard.domain.plan import LaunchPlan
from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import SessionState
from aqboard.sessions.ingest import ingest
from aqboard.settings import config_folder, signing_file
from aqboard.signing.accounts import add, disable
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from aqboard.store.sqlite import access
from tests.dashboard.conftest import words
from tests.sample_attempts import sample_plan, write_files

STUBS = Path(__file__).resolve().parents[1] / "stub_probes"
ROOT = STUBS.parents[1]
ENDS_WITHIN_S = 60


@pytest.fixture
def hold(samples, monkeypatch):
    """Stub probes from here on; returns the file whose text names the probe that waits."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STUBS), str(ROOT)]))
    file = samples.database.parent / "hold"
    yield file
    file.unlink(missing_ok=True)
    with Store(samples.database) as store:
        for row in Sessions(store).all(open_only=True):
            (row.folder / "cancel").touch()
            until_over(store, row)


def until_true(what):
    """Wait until something has happened in another process."""
    end = time.monotonic() + ENDS_WITHIN_S
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def until_over(store, row):
    """Wait for the session's own end."""
    end = time.monotonic() + ENDS_WITHIN_S
    while not (standing := ingest(store, row)).state.over:
        assert time.monotonic() < end, standing
        time.sleep(0.05)
    return standing


def sessions_of(samples, number):
    with Store(samples.database) as store:
        return Sessions(store).all(attempt=number)


def labelled(app, label):
    (button,) = [button for button in app.button if button.label == label]
    return button


def shown(app):
    """Every text on the page, without the marks that keep it from being read as Markdown."""
    bars = "".join(bar.proto.text for bar in app.get("progress"))
    rows = "".join(frame.value.to_csv() for frame in app.dataframe)
    return (words(app) + bars + rows).replace("\\", "").replace("\N{WORD JOINER}", "")


def wait_for(app, text):
    """Draw the page again until it shows this, as the fragment does once a second."""
    end = time.monotonic() + ENDS_WITHIN_S
    while text not in shown(app):
        assert not app.exception
        assert time.monotonic() < end, words(app)
        time.sleep(0.1)
        app.run()
    return app


@pytest.fixture
def started(samples, hold, open_page):
    """The page of an attempt that was never run, after somebody has pressed the button."""

    def go(*, at="", kind="not_run", name="Ada Lovelace"):
        if at:
            hold.write_text(at)
        app = open_page("run", samples.numbers[kind])
        app.text_input(key="person").set_value(name)
        labelled(app, "Run checks").click().run()
        assert not app.exception
        return app

    return go


def test_checks_are_started_watched_and_end_with_verdicts(samples, started, hold):
    number = samples.numbers["not_run"]
    app = started(at="load")
    assert "Session 1 was started" in app.success[0].value
    wait_for(app, "load: step")
    text = words(app)
    assert "🔄 running · session 1" in text and "asked for by Ada Lovelace" in text
    assert "Run the checks of this attempt" not in text, "one session at a time"
    (bar,) = app.get("progress")
    assert "of at most" in bar.proto.text
    assert 0 < bar.proto.value < 100
    hold.unlink()
    app = wait_for(app, "Session 1 is done")
    assert [row["state"] for row in app.dataframe[0].value.to_dict("records")] == ["✅ done"]
    with Store(samples.database) as store:
        assert store.attempt(number).readiness.state is State.READY
    assert "Run the checks of this attempt" in words(app)
    assert app.run() and not app.exception and "Session 1 is done" not in words(app), "it is said once"


def test_the_time_of_the_last_run_is_what_is_expected_of_the_next(samples, started, hold):
    wait_for(started(), "Earlier sessions")
    with Store(samples.database) as store:
        until_over(store, Sessions(store).find(1))
    app = wait_for(started(at="load"), "load: step")
    assert "of about 1.5 s" in shown(app)


def test_a_session_is_cancelled_by_name_and_says_so_afterwards(samples, started):
    app = wait_for(started(at="load"), "load: step")
    labelled(app, "Cancel").click().run()
    assert not app.exception
    wait_for(app, "Session 1 is cancelled")
    row = app.dataframe[0].value.to_dict("records")[0]
    assert (row["state"], row["why"], row["by"]) == ("🚫 cancelled", "Cancelled by Ada Lovelace.", "Ada Lovelace")


def test_two_people_see_the_same_and_reloading_loses_nothing(samples, started, open_page):
    wait_for(started(at="load"), "load: step")
    other = wait_for(open_page("run", samples.numbers["not_run"]), "load: step")
    assert "asked for by Ada Lovelace" in words(other)
    labelled(other, "Cancel").click().run()
    again = wait_for(open_page("run", samples.numbers["not_run"]), "Cancelled by somebody at the board")
    assert not again.exception


def test_other_pages_tell_of_it_and_show_what_it_found(samples, started, open_page, hold):
    started(at="load")
    page = open_page("readiness", samples.numbers["not_run"])
    assert "session 1 of attempt" in page.sidebar.caption[0].value
    hold.unlink()
    wait_for(page, "Every check that can block the launch passed")
    assert not page.sidebar.caption


def test_the_log_is_read_when_it_is_opened_and_shows_what_was_printed(samples, started):
    app = wait_for(started(at="load"), "load: step")
    assert not app.code
    app.session_state["log-1"] = True
    app.run()
    assert not app.exception
    assert "probe load prints \N{REPLACEMENT CHARACTER}[31mred" in app.code[0].value


def test_nobody_is_nobody(samples, started):
    app = started(name="   ")
    assert "write your name first" in app.error[0].value
    assert sessions_of(samples, samples.numbers["not_run"]) == ()


@pytest.mark.parametrize(("choice", "count"), [("all", None), ("those that have not passed", 2), ("only these", 1)])
def test_a_part_of_the_checks_can_be_asked_again(choice, count, samples, hold, open_page):
    number = samples.numbers["broken"]
    app = open_page("run", number)
    app.text_input(key="person").set_value("Ada")
    app.radio(key="which").set_value(choice).run()
    if choice == "only these":
        assert labelled(app, "Run checks").disabled, "nothing is chosen yet"
        app.multiselect(key="these").set_value(["scan.rule"]).run()
    labelled(app, "Run checks").click().run()
    assert not app.exception
    (row,) = sessions_of(samples, number)
    with Store(samples.database) as store:
        stored = store.attempt(number)
        until_over(store, row)
    passed = [finding.check for finding in stored.findings if finding.verdict == "pass"]
    if choice == "all":
        assert row.session.checks == stored.attempt.checks
    elif choice == "only these":
        assert row.session.checks == ("scan.rule",)
    else:
        assert row.session.checks == tuple(check for check in stored.attempt.checks if check not in passed)


def test_an_attempt_whose_files_have_changed_is_not_measured_again(samples, hold, open_page):
    (samples.database.parent / "inputs" / "metrics.csv").write_text("step,val_loss\n")
    app = open_page("run", samples.numbers["fixed"])
    app.text_input(key="person").set_value("Ada")
    labelled(app, "Run checks").click().run()
    assert not app.exception
    assert "metrics.csv has changed" in app.error[0].value.replace("\\", "")
    assert sessions_of(samples, samples.numbers["fixed"]) == ()


def test_code_of_others_is_not_run_unless_the_installation_allows_it(samples, hold, open_page, tmp_path, monkeypatch):
    number = samples.numbers["foreign"]
    app = open_page("run", number)
    assert not app.exception
    told = shown(app)
    assert (
        "code that is not an installed package's" in told and "team_models:build" in told and "--trust-target" in told
    )
    assert [button.label for button in app.button] == []
    inputs = samples.database.parent / "inputs"
    (tmp_path / "targets.yaml").write_text(
        yaml.safe_dump([{"builder": "team_models:build", "python_path": [str(inputs)]}])
    )
    monkeypatch.setenv("AQBOARD_TARGETS", str(tmp_path / "targets.yaml"))
    app.run()
    assert labelled(app, "Run checks")


def test_a_backend_that_is_not_here_says_why(samples, open_page, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    app = open_page("run", samples.numbers["fixed"])
    assert "Not offered as a Slurm job" in words(app)
    assert len(app.radio(key="backend-again").options) == 1


def test_a_database_that_cannot_be_written_starts_nothing(samples, hold, open_page, monkeypatch):
    monkeypatch.setattr(access, "_is_read_only", lambda _: True)
    app = open_page("run", samples.numbers["fixed"])
    app.text_input(key="person").set_value("Ada")
    labelled(app, "Run checks").click().run()
    assert not app.exception
    assert "this user may not write" in app.error[0].value
    (samples.database.parent / "inputs" / "metrics.csv").unlink()
    labelled(app, "Run checks").click().run()
    assert "this user may not write" in app.error[0].value, "that is asked before the inputs are read"
    assert list((samples.database.parent / "sessions").glob("*")) == []


# --------------------------------------------------------------------------------------------------- who is signed in


@pytest.fixture
def team(samples):
    """An installation in which people sign in with an account."""
    config_folder().mkdir(parents=True, exist_ok=True)
    signing_file().write_text(yaml.safe_dump({"mode": "account"}))
    with Store(samples.database) as store:
        add(store, "grace", person="Grace Hopper", roles=["lead"], password="correct horse battery")
    return samples


def sign_in(app):
    app.text_input(key="login-name").set_value("grace")
    app.text_input(key="login-password").set_value("correct horse battery")
    labelled(app, "Sign in").click()
    return app.run()


def test_who_signed_in_starts_and_cancels_and_nobody_else_may(team, hold, open_page):
    hold.write_text("load")
    number = team.numbers["not_run"]
    app = open_page("run", number)
    assert [button.label for button in app.button] == ["Sign in"], "nothing can be started before"
    app = sign_in(app)
    assert "You are **Grace Hopper**" in shown(app)
    assert not app.text_input, "no name is typed where people sign in"
    app = wait_for(labelled(app, "Run checks").click().run(), "load: step")
    assert sessions_of(team, number)[0].session.requested_by == "Grace Hopper"
    stranger = wait_for(open_page("run", number), "load: step")
    assert labelled(stranger, "Cancel").disabled
    labelled(app, "Cancel").click().run()
    assert not app.exception
    wait_for(app, "Cancelled by Grace Hopper.")


def test_an_account_that_was_disabled_meanwhile_starts_nothing(team, hold, open_page):
    app = sign_in(open_page("run", team.numbers["not_run"]))
    with Store(team.database) as store:
        disable(store, "grace")
    labelled(app, "Run checks").click().run()
    assert not app.exception
    assert sessions_of(team, team.numbers["not_run"]) == ()
    assert [button.label for button in app.button] == ["Sign in"]


def test_whoever_starts_a_new_attempt_is_in_the_audit_log_and_counts_as_its_author(team, hold, plan_here, open_page):
    app = sign_in(open_page("run", team.numbers["fixed"]))
    labelled(app, "Freeze the plan and run its checks").click().run()
    assert not app.exception and not app.error
    with Store(team.database) as store:
        new = store.attempt(max(team.numbers.values()) + 1)
        assert new.added_by == "Grace Hopper (grace)"
        until_over(store, Sessions(store).all(attempt=new.number)[0])
    launch = sign_in(open_page("launch", new.number))
    assert "Grace Hopper is the attempt's author, and the author's own word does not count" in shown(launch)


# ------------------------------------------------------------------------------------------------------ the first visit


@pytest.fixture
def nothing_yet(tmp_path, monkeypatch):
    """A board whose database is still to be made."""
    monkeypatch.setenv("AQBOARD_DB", str(tmp_path / "the board.db"))
    return tmp_path


def test_a_first_visit_says_what_a_plan_is_and_which_commands_fill_this_board(nothing_yet, open_page):
    app = open_page("run")
    assert not app.exception
    assert [title.value for title in app.title] == ["Run checks"]
    commands = [code.value for code in app.code]
    assert commands[:2] == [
        f"aqboard demo --db '{nothing_yet}/the board.db'",
        f"aqboard check PLAN.yaml --db '{nothing_yet}/the board.db'",
    ]
    assert LaunchPlan.model_validate(yaml.safe_load(commands[2])), "the plan to copy is one"
    assert "AQBOARD_SEARCH_ROOTS" in shown(app)
    assert list(nothing_yet.iterdir()) == [], "looking makes nothing"


def test_a_first_attempt_can_be_started_from_a_plan_file(nothing_yet, open_page, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STUBS), str(ROOT)]))
    write_files(nothing_yet / "inputs")
    plan = sample_plan(nothing_yet / "inputs").model_dump(mode="json", exclude_none=True)
    (nothing_yet / "inputs" / "first.yaml").write_text(yaml.safe_dump(plan))
    monkeypatch.setenv("AQBOARD_SEARCH_ROOTS", str(nothing_yet / "inputs"))
    app = open_page("run")
    labelled(app, "Freeze the plan and run its checks").click().run()
    assert "write your name first" in app.error[0].value
    assert not (nothing_yet / "the board.db").exists()
    app.text_input(key="person").set_value("Ada")
    labelled(app, "Freeze the plan and run its checks").click().run()
    assert not app.exception and not app.error
    wait_for(app, "Attempt **1**")
    with Store(nothing_yet / "the board.db") as store:
        until_over(store, Sessions(store).find(1))
        assert store.attempt(1).readiness.state is State.READY


# ------------------------------------------------------------------------------------------ plans from allowed folders


@pytest.fixture
def plan_here(samples):
    """A plan file beside its inputs, with a name that would do something as Markdown."""
    inputs = samples.database.parent / "inputs"
    plan = sample_plan(inputs).model_dump(mode="json", exclude_none=True)
    file = inputs / "next [x](y) **launch**.yaml"
    file.write_text(yaml.safe_dump(plan, sort_keys=False))
    return file


def test_a_plan_from_an_allowed_folder_becomes_an_attempt_and_is_shown(samples, hold, plan_here, open_page):
    app = open_page("run", samples.numbers["fixed"])
    app.text_input(key="person").set_value("Ada")
    assert app.selectbox(key="plan-file").options == [str(plan_here)]
    labelled(app, "Freeze the plan and run its checks").click().run()
    assert not app.exception and not app.error
    new = max(samples.numbers.values()) + 1
    assert app.sidebar.selectbox[0].value == new
    (row,) = sessions_of(samples, new)
    with Store(samples.database) as store:
        assert until_over(store, row).state is SessionState.DONE
        assert store.attempt(new).readiness.state is State.READY


def test_a_plan_that_cannot_be_read_is_told_and_nothing_is_stored(samples, hold, plan_here, open_page):
    plan_here.write_text("target: x\ncheckpoint: {path: nowhere.ckpt}\nbaseline: 3\nclusters: {}\n")
    app = open_page("run", samples.numbers["fixed"])
    app.text_input(key="person").set_value("Ada")
    labelled(app, "Freeze the plan and run its checks").click().run()
    assert not app.exception
    assert len(app.error) == 1
    with Store(samples.database) as store:
        assert len(store.attempts()) == len(samples.numbers)
