"""What a GO lets out, and what takes it back, on sample attempts and with the real preflight."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aqboard.domain.errors import LaunchError
from aqboard.domain.finding import Verdict
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.domain.readiness import State
from aqboard.domain.session.check_session import CheckSession
from aqboard.domain.signing.signoff import Decision
from aqboard.location import scripts_folder
from aqboard.sessions import folder as session_folder
from aqboard.sessions import ingest as ingest_module
from aqboard.sessions.control import sessions_folder
from aqboard.sessions.judging import Judged
from aqboard.signing.audit import verified
from aqboard.signing.clearance import clearance_of
from aqboard.signing.decide import decide
from aqboard.signing.release import MAIN, released, script_path
from aqboard.store import Store
from aqboard.store.sessions import Sessions
from tests.jobs.launched import attempt, go
from tests.sample_attempts import write_files
from tests.stub_sessions import write_events


def preflight(script: Path) -> int:
    """What the job's first step says of the manifest that the script carries."""
    lines = dict(line.split("=", 1) for line in script.read_text().splitlines() if line.startswith("manifest"))
    command = [sys.executable, "-m", "aqboard.guard.preflight", lines["manifest"], "--sha256", lines["manifest_sha256"]]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def test_a_go_writes_scripts_and_manifests_that_the_preflight_accepts(store):
    script = go(store, attempt(store, canary={}))
    folder = script.parent
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert files == ["canary/canary.sbatch", "canary/manifest.json", "launch.sbatch", "manifest.json", "submit.sh"]
    assert preflight(script) == 0
    assert preflight(folder / "canary" / "canary.sbatch") == 0
    assert not list(folder.parent.glob(".*")), "no draft is left"


def test_the_canarys_manifest_is_the_launchs_but_for_size_and_verdict(store):
    folder = go(store, attempt(store, canary={})).parent
    main, canary = (
        LaunchManifest.model_validate_json((folder / name / "manifest.json").read_text()) for name in (".", "canary")
    )
    assert (main.job.nodes, main.job.tasks) == (50, 400)
    assert (canary.job.nodes, canary.job.tasks) == (2, 16)
    assert main.verdict_file == folder / "guard_verdict.json"
    assert canary.verdict_file == folder / "canary" / "guard_verdict.json"
    assert canary.kill_file == main.kill_file
    same = {"job": main.job, "verdict_file": main.verdict_file}
    assert canary.model_copy(update=same) == main


def test_without_a_canary_there_is_nothing_of_one(store):
    folder = go(store, attempt(store)).parent
    assert sorted(path.name for path in folder.iterdir()) == ["launch.sbatch", "manifest.json"]


def test_a_changed_input_is_refused_with_40(store):
    script = go(store, attempt(store))
    (store.path.parent / "in" / "train.yaml").write_text("depth: 7\n")
    assert preflight(script) == 40


def test_a_no_go_takes_scripts_back_and_reaches_what_waits_in_the_queue(store):
    number = attempt(store, canary={})
    script = go(store, number)
    queued, canary = script.with_name("queued"), script.with_name("queued canary")
    queued.write_text(script.read_text())
    canary.write_text((script.parent / "canary" / "canary.sbatch").read_text())
    decide(store, number, person="Grace", decision=Decision.NO_GO)
    assert not list(script.parent.rglob("*.sbatch"))
    assert not (script.parent / "submit.sh").exists()
    assert (preflight(queued), preflight(canary)) == (41, 41)
    assert released(store.path, store.attempt(number)) == ()


def test_a_new_go_after_a_no_go_does_not_revive_what_was_taken_back(store):
    number = attempt(store)
    first = go(store, number)
    queued = first.with_name("queued")
    queued.write_text(first.read_text())
    decide(store, number, person="Grace", decision=Decision.NO_GO)
    second = go(store, number)
    assert second.parent != first.parent
    assert (preflight(queued), preflight(second)) == (41, 0)


def test_a_second_persons_go_leaves_the_first_ones_manifest_to_the_jobs_that_have_it(store):
    number = attempt(store)
    first = go(store, number)
    before = {path: path.read_bytes() for path in first.parent.rglob("*") if path.is_file()}
    second = go(store, number, "Grace")
    assert {path: path.read_bytes() for path in first.parent.rglob("*") if path.is_file()} == before
    assert (preflight(first), preflight(second)) == (0, 0)
    assert released(store.path, store.attempt(number)) == (first, second)


def test_a_folder_that_cannot_be_written_leaves_nothing_and_records_nothing(store, monkeypatch):
    number = attempt(store)
    monkeypatch.setenv("AQBOARD_SCRIPTS", "/proc/nowhere")
    with pytest.raises(LaunchError, match="was not recorded"):
        decide(store, number, person="Ada", decision=Decision.GO)
    assert store.attempt(number).signoffs == ()


def test_scripts_may_lie_where_the_compute_nodes_see_them(store, monkeypatch, tmp_path):
    monkeypatch.setenv("AQBOARD_SCRIPTS", str(tmp_path / "shared"))
    script = go(store, attempt(store))
    assert script.parent.parent == tmp_path / "shared" == scripts_folder(store.path)


def test_two_databases_that_share_a_folder_leave_each_others_scripts_alone(store, monkeypatch, tmp_path):
    monkeypatch.setenv("AQBOARD_SCRIPTS", str(tmp_path / "shared"))
    other_folder = tmp_path / "other"
    write_files(other_folder / "in")
    with Store(other_folder / "board.db", create=True) as other:
        mine, theirs = attempt(store), attempt(other)
        assert mine == theirs == 1, "the same number in both"
        ours, kept = go(store, mine), go(other, theirs)
        assert verified(store).faults == verified(other).faults == ()
        assert (verified(store).anchors, verified(store).others) == (1, 1)
        assert "1 script was not compared" in verified(store).note
        decide(store, mine, person="Grace", decision=Decision.NO_GO)
        assert (ours.exists(), kept.exists(), preflight(kept)) == (False, True, 0)
        assert released(other.path, other.attempt(theirs)) == (kept,)


@pytest.mark.parametrize("text", ["[torn", "[]", "[" * 100_000, "{}"], ids=["torn", "a list", "deep", "empty"])
def test_a_manifest_that_cannot_be_read_does_not_keep_a_script_from_being_taken_back(store, text):
    number = attempt(store)
    script = go(store, number)
    script.with_name("manifest.json").write_text(text)
    decide(store, number, person="Grace", decision=Decision.NO_GO)
    assert not script.exists()


def test_the_manifest_says_until_when_and_the_preflight_refuses_after_it(store):
    script = go(store, attempt(store))
    stored = LaunchManifest.model_validate_json(script.with_name("manifest.json").read_text())
    assert stored.until == clearance_of(store.attempt(stored.number)).until
    assert f"# Until     {stored.until:%Y-%m-%d %H:%M} UTC" in script.read_text()
    late = stored.model_copy(update={"until": stored.created_at - timedelta(hours=1)})
    script.with_name("manifest.json").write_text(late.text)
    script.write_text(script.read_text().replace(stored.sha256, late.sha256))
    assert preflight(script) == 41


def test_the_name_of_a_folder_holds_nothing_that_anybody_typed(store):
    assert script_path(store.path, 7, "5ea1" * 16).parts[-2:] == ("attempt-7-5ea15ea15ea1", MAIN)


def test_the_image_is_an_input_and_stands_in_the_manifest(store):
    image = store.path.parent / "in" / "torch.sif"
    image.write_bytes(b"SIF")
    script = go(store, attempt(store, container={"image": str(image)}))
    manifest = json.loads(script.with_name("manifest.json").read_text())
    assert manifest["container"]["path"] == str(image)
    assert manifest["code"] is None
    image.write_bytes(b"fis")
    assert preflight(script) == 40


def test_the_commit_of_the_working_directory_is_signed(store, tmp_path):
    work = tmp_path / "code"
    work.mkdir()
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    (work / "train.py").write_text("pass\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    script = go(store, attempt(store, workdir=str(work)))
    assert preflight(script) == 0
    (work / "train.py").write_text("raise SystemExit\n")
    assert preflight(script) == 41


def test_checks_that_were_run_again_take_the_script_back(store, monkeypatch):
    number = attempt(store)
    script = go(store, number)
    stored = store.attempt(number)
    changes = {"verdict": Verdict.FAIL, "summary": "Otherwise now.", "remedy": "Look."}
    failed = stored.findings[0].model_copy(update=changes)
    monkeypatch.setattr(ingest_module, "judge", lambda *_: Judged((failed,)))
    session = CheckSession(
        attempt=stored.attempt.uid, backend="local", requested_by="Ada", checks=(failed.check,), probes=(), limits={}
    )
    folder = sessions_folder(store.path) / session.uid
    session_folder.create(folder, session, stored.attempt)
    write_events(folder, ())
    ingest_module.ingest(store, Sessions(store).add(session, stored.attempt, folder))
    assert not script.exists()
    assert store.attempt(number).readiness.state is State.NOT_READY
