"""The launch at Slurm on the launch page and in the history: states, verdicts, curves, and what is refused."""

import json

import pytest

from aqboard.domain.signing.identity import Identity
from aqboard.domain.signing.signoff import Decision
from aqboard.jobs.settle import settle
from aqboard.jobs.slurm import Job, JobState, Slurm
from aqboard.signing.decide import decide
from aqboard.store import Store
from aqboard.store.jobs import Jobs
from aqboard.web.pages import job_acts, launch_submit, slurm_talk
from tests.dashboard.conftest import words
from tests.sample_jobs import REASON, add_jobs
from tests.told_slurm import Told


@pytest.fixture(autouse=True)
def _no_memory():
    slurm_talk.refreshed.clear()


@pytest.fixture
def slurm(monkeypatch):
    """A Slurm that takes every job, and knows nothing new of any."""
    told = Told()
    for module in (slurm_talk, launch_submit, job_acts):
        monkeypatch.setattr(module, "slurm", lambda: told)
    monkeypatch.setattr(launch_submit.shutil, "which", lambda name: f"/usr/bin/{name}")
    return told


def launched(samples, state: str) -> int:
    with Store(samples.database) as store:
        add_jobs(store, samples.numbers["fixed"], state)
    return samples.numbers["fixed"]


def signed(samples) -> int:
    number = samples.numbers["fixed"]
    with Store(samples.database) as store:
        decide(store, number, person="Ada", decision=Decision.GO)
    return number


def button(app, label: str):
    return next(each for each in app.button if each.label.startswith(label))


def test_before_a_go_the_page_has_nothing_about_jobs(samples, open_page):
    app = open_page("launch", samples.numbers["fixed"])
    assert "At Slurm" not in [heading.value for heading in app.subheader]


def test_a_running_launch_shows_state_guard_and_curve(samples, open_page, monkeypatch):
    running = Job(id="1002", state=JobState.RUNNING, nodes="nid[005000-005049]", start="2026-11-25T09:40:00")
    monkeypatch.setattr(Slurm, "jobs", lambda self, ids: {"1002": running} if ids else {})
    number = launched(samples, "running")
    app = open_page("launch", number)
    assert not app.exception
    shown = words(app).replace("\\", "")
    assert "| launch | 1002 | ▶️ running |" in shown
    assert "| canary | 1001 | ✅ completed |" in shown
    assert "As signed up to step 10" in shown
    assert "val_loss 0.3560 first, 0.3060 last; the baseline has 0.3557" in shown
    (figure,) = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    titles = [text["text"] for text in figure["layout"]["annotations"]]
    assert titles[:2] == ["The baseline's training", "This launch"]
    assert "masked MSE" in figure["layout"]["yaxis"]["title"]["text"]
    assert figure["layout"]["xaxis2"]["title"]["text"] == "training step of the launch"
    names = {trace["name"] for trace in figure["data"]}
    assert {"baseline val_loss", "this launch's val_loss", "this launch's train loss"} <= names


def test_a_launch_that_the_guard_stopped_says_why_in_its_own_words(samples, open_page):
    number = launched(samples, "stopped")
    app = open_page("launch", number)
    shown = words(app).replace("\\", "")
    assert "❌ failed" in shown
    assert "was stopped by the guard: the loss is not the baseline's" in shown
    assert REASON.rstrip(".") in shown
    assert "<b>See</b>" not in app.error[-1].value, "text from a file is shown letter for letter"


def test_a_forgotten_job_says_what_to_type_and_a_settled_one_who_said_so(samples, open_page, monkeypatch):
    monkeypatch.setattr(Slurm, "jobs", lambda self, ids: {job: Job(id=job, state=JobState.UNKNOWN) for job in ids})
    number = launched(samples, "running")
    shown = words(open_page("launch", number)).replace("\\", "")
    assert "❔ unknown" in shown
    assert "`aqboard jobs settle 1002` records what you know" in shown
    with Store(samples.database) as store:
        grace = Identity(person="Grace <b>", subject="grace", identified_by="account")
        settle(store, "1002", Slurm(), person=grace, state="FAILED", reason="the *node* burnt down")
    slurm_talk.refreshed.clear()
    app = open_page("launch", number)
    assert not app.exception
    shown = words(app)
    assert "❌ failed (said by a person)" in shown
    assert "<b>" not in shown
    assert "the \\*node\\* burnt down" in shown
    assert "Cancel the launch" not in " ".join(each.label for each in app.button)
    assert "❌ failed 1002" in {row for row in open_page("history").dataframe[0].value["launch"] if row != "–"}.pop()


def test_a_forgotten_job_is_settled_on_the_page_and_the_launch_offered_again(samples, open_page, slurm):
    number = signed(samples)
    app = open_page("launch", number)
    app.text_input(key=f"launch-person-{number}").set_value("Ada")
    button(app, "Submit: 400 GPUs").click().run()
    assert not [each for each in app.button if each.label == "Record how it ended"], "Slurm knows the job"
    slurm.states["1"] = JobState.UNKNOWN
    slurm_talk.refreshed.clear()
    app = open_page("launch", number)
    button(app, "Record how it ended").click().run()
    assert "choose how the job ended" in words(app)
    app.radio(key="settle-end-1").set_value("TIMEOUT")
    app.text_input(key="settle-person-1").set_value("Ada")
    button(app, "Record how it ended").click().run()
    assert "reason" in words(app), "how they know is asked for"
    app.text_input(key="settle-reason-1").set_value("the log ends at the limit")
    button(app, "Record how it ended").click().run()
    assert not app.exception
    assert "Job 1 was ended at its time limit, because Ada says so" in words(app).replace("\\", "")
    assert "⌛ time limit (said by a person)" in words(app)
    assert button(app, "Submit again: 400 GPUs")
    with Store(samples.database) as store:
        (record,) = Jobs(store).of(store.attempt(number).attempt.uid)
    assert (record.state, record.settlement.person) == ("TIMEOUT", "Ada")


def test_a_job_that_slurm_remembers_after_all_is_not_settled(samples, open_page, slurm):
    number = signed(samples)
    app = open_page("launch", number)
    app.text_input(key=f"launch-person-{number}").set_value("Ada")
    button(app, "Submit: 400 GPUs").click().run()
    slurm.states["1"] = JobState.UNKNOWN
    slurm_talk.refreshed.clear()
    app = open_page("launch", number)
    slurm.states["1"] = JobState.RUNNING
    app.radio(key="settle-end-1").set_value("FAILED")
    app.text_input(key="settle-person-1").set_value("Ada")
    app.text_input(key="settle-reason-1").set_value("I think so")
    button(app, "Record how it ended").click().run()
    assert "Slurm knows job 1, and says RUNNING" in words(app).replace("\\", "")
    with Store(samples.database) as store:
        (record,) = Jobs(store).of(store.attempt(number).attempt.uid)
    assert record.settlement is None


def test_slurm_that_cannot_be_asked_is_told_and_what_is_known_is_shown(samples, open_page, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    app = open_page("launch", launched(samples, "waiting"))
    assert "may be out of date" in app.warning[0].value
    shown = words(app).replace("\\", "")
    assert "⏳ waiting" in shown
    assert "waits in the queue behind others; expected to start 2026-11-25 12:00 UTC" in shown


def test_without_slurm_the_page_says_what_to_type_and_where(samples, open_page, monkeypatch):
    number = signed(samples)
    monkeypatch.setattr(launch_submit.shutil, "which", lambda name: None)
    app = open_page("launch", number)
    assert f"aqboard launch {number}" in [code.value for code in app.code]
    assert not [each for each in app.button if each.label.startswith("Submit")]


def test_submit_from_the_page_and_cancel_again(samples, open_page, slurm):
    number = signed(samples)
    app = open_page("launch", number)
    button(app, "Ask Slurm").click().run()
    assert "Slurm would start it" in app.success[-1].value
    assert slurm.submitted == []
    app.text_input(key=f"launch-person-{number}").set_value("Ada")
    button(app, "Submit: 400 GPUs").click().run()
    assert not app.exception
    assert "The launch is job 1" in words(app).replace("\\", "")
    assert slurm.submitted == [("launch.sbatch", None)]
    assert not [each for each in app.button if each.label.startswith("Submit")], "not twice"
    app.text_input(key="launch-cancels").set_value("Ada")
    button(app, "Cancel the launch, job 1").click().run()
    assert slurm.cancelled == ["1"]
    assert "Slurm was asked to cancel job 1" in words(app)
    with Store(samples.database) as store:
        uid = store.attempt(number).attempt.uid
        assert [record.submission.person for record in Jobs(store).of(uid)] == ["Ada"]


def test_a_name_is_asked_for_before_anything_is_submitted(samples, open_page, slurm):
    number = signed(samples)
    app = open_page("launch", number)
    button(app, "Submit: 400 GPUs").click().run()
    assert "name" in app.error[-1].value
    assert slurm.submitted == []


def test_what_slurm_refuses_is_on_the_page(samples, open_page, slurm):
    slurm.refuse_from = 1
    number = signed(samples)
    app = open_page("launch", number)
    app.text_input(key=f"launch-person-{number}").set_value("Ada")
    button(app, "Submit: 400 GPUs").click().run()
    assert "limits do not allow it" in app.error[-1].value


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("waiting", "⏳ waiting 1002"),
        ("running", "▶️ running 1002, 🛡️ guarded"),
        ("stopped", "❌ failed 1002, 🛑 stopped"),
    ],
)
def test_the_history_has_the_newest_launch_and_the_guards_word(samples, open_page, state, shown):
    number = launched(samples, state)
    rows = open_page("history").dataframe[0].value
    by_number = dict(zip(rows["no."], rows["launch"], strict=True))
    assert by_number[number] == shown
    assert by_number[samples.numbers["as_found"]] == "–"
