"""The main path on a small launch that was really trained: check, see the state, decide, get the script."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.errors import IdentityError, LaunchError, PlanError
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from aqboard.domain.signing.signoff import Decision
from aqboard.sessions.prepare import check, prepare
from aqboard.signing.decide import current_seal, decide, obstacles, preview, standings
from aqboard.store import Store, StoredAttempt
from aqboard.store.sessions import Sessions
from tests.conftest import Checked
from tests.tiny_launch import TinyLaunch

Attempts = Callable[[str], tuple[Path, int]]


@pytest.fixture
def checked(checked_by_command: Callable[[str], Checked]) -> Attempts:
    """Database and number of an attempt."""
    return lambda name: (checked_by_command(name).database, 1)


NEED_A_GPU = {"environment.ready", "train.cost", "launch.walltime"}
"""Skipped on a machine without one; none of them blocks."""


def verdicts(stored: StoredAttempt) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in stored.findings}


def test_a_good_launch_is_ready(checked: Attempts) -> None:
    database, number = checked("fixed")
    with Store(database) as store:
        stored = store.attempt(number)
    assert stored.readiness.state is State.READY, [f.summary for f in stored.findings if f.verdict != "pass"]
    others = {check for check, verdict in verdicts(stored).items() if verdict is not Verdict.PASS}
    assert others - NEED_A_GPU == {"cache.content", "checkpoint.launch"}
    assert verdicts(stored)["cache.content"] is Verdict.WARN, "one candidate really holds other orders"
    assert verdicts(stored)["checkpoint.launch"] is Verdict.SKIP, "the baseline was not trained under the guard"


def test_the_launch_as_found_is_not_ready_for_the_right_reasons(checked: Attempts) -> None:
    database, number = checked("as found")
    with Store(database) as store:
        stored = store.attempt(number)
    assert stored.readiness.state is State.NOT_READY
    found = verdicts(stored)
    for fault in ("checkpoint.coverage", "checkpoint.settings", "cache.trained_with", "forward.shapes"):
        assert found[fault] is Verdict.FAIL, fault
    assert found["checkpoint.bitwise"] is Verdict.SKIP
    for healthy in ("checkpoint.intact", "scan.rule", "scan.order", "scan.cache_used", "cache.valid"):
        assert found[healthy] is Verdict.PASS, healthy


@pytest.mark.parametrize(
    ("key", "section", "code"),
    [
        ("checkpoint.path", {"checkpoint": {"path": "torn.ckpt"}}, "truncated"),
        ("checkpoint.path", {"checkpoint": {"path": "notes.pkl"}}, "not-pickle"),
        ("scan.cache", {"scan": {"cache": "notes.pkl"}}, "not-pickle"),
        ("scan.cache", {"scan": {"cache": "empty.pkl"}}, "empty"),
    ],
)
def test_an_input_that_cannot_be_read_is_told_before_anything_is_run_or_stored(
    launch: TinyLaunch, key: str, section: dict[str, object], code: str
) -> None:
    whole = (launch.folder / "baseline.ckpt").read_bytes()
    (launch.folder / "torn.ckpt").write_bytes(whole[: len(whole) // 2])
    (launch.folder / "notes.pkl").write_text("these are notes\n")
    (launch.folder / "empty.pkl").write_bytes(b"")
    with pytest.raises(PlanError) as told:
        prepare(launch.plan("unreadable", **section))
    assert told.value.message.startswith(f"{key}: ")
    assert "\n" not in told.value.message
    assert told.value.code == code


def test_a_file_that_is_replaced_between_freezing_and_checking_is_a_fault(launch: TinyLaunch, tmp_path: Path) -> None:
    shutil.copy(launch.folder / "baseline.ckpt", launch.folder / "later torn.ckpt")
    attempt = prepare(launch.plan("replaced", checkpoint={"path": "later torn.ckpt"}))
    (launch.folder / "later torn.ckpt").write_bytes(b"PK\x03\x04 torn")
    with Store(tmp_path / "b.db", create=True) as store:
        stored = check(attempt, store)
    assert stored.readiness.state is State.NOT_READY
    assert stored.readiness.faults == ("checkpoint.intact",), "what needs the file is an error, and no other fault"
    intact = next(finding for finding in stored.findings if finding.check == "checkpoint.intact")
    assert "later torn.ckpt" in intact.summary
    assert not intact.detail, "a file that cannot be read is told in a sentence, not in a traceback"
    assert verdicts(stored)["scan.rule"] is Verdict.PASS, "what does not need the checkpoint is measured"


def test_a_go_writes_the_script_and_holds_until_something_changes(
    checked: Attempts, launch: TinyLaunch, request: pytest.FixtureRequest
) -> None:
    database, number = checked("fixed")
    with Store(database) as store:
        stored = store.attempt(number)
        assert obstacles(stored) == ()
        refused = subprocess.run(["bash"], input=preview(stored), text=True, capture_output=True)
        assert refused.returncode != 0, "a preview does not run"
        decided = decide(store, number, person="Grace Hopper", decision=Decision.GO, comment="checked the cache twice")
        stored = store.attempt(number)
    assert decided.script is not None
    path = Path(decided.script.path)
    assert path.read_text() == decided.script.text
    assert path.parent.parent == database.parent / "scripts"
    for part in ("#SBATCH --nodes=50", "Grace Hopper", decided.signoff.seal, stored.attempt.uid):
        assert part in decided.script.text
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
    standing = standings(stored)[0]
    assert standing.holds
    assert standing.signoff.seal == current_seal(stored)
    log = launch.folder / "metrics.csv"
    before = log.read_bytes()
    request.addfinalizer(lambda: log.write_bytes(before))
    log.write_bytes(before + b"\n")
    standing = standings(stored)[0]
    assert not standing.holds
    assert "metrics.csv has changed" in standing.why
    assert any("metrics.csv has changed" in reason for reason in obstacles(stored))


def test_a_second_go_stands_beside_the_first_and_a_no_go_withdraws_the_script(checked: Attempts) -> None:
    database, number = checked("fixed")
    with Store(database) as store:
        decide(store, number, person="Ada", decision=Decision.GO)
        script = decide(store, number, person="Grace", decision=Decision.GO).script
        assert script is not None
        assert all(name in script.text for name in ("Ada", "Grace"))
        path = Path(script.path)
        assert path.read_text() == script.text
        decide(store, number, person="Katherine", decision=Decision.NO_GO, comment="wait for the new cache")
        assert not path.exists()
        assert path.with_suffix(".withdrawn").exists()
        again = decide(store, number, person="Grace", decision=Decision.GO).script
        assert again is not None
        assert "Ada" not in again.text.partition("#SBATCH")[0].replace("Author    Ada", ""), (
            "her GO was before the NO-GO"
        )


def test_a_go_on_a_launch_that_is_not_ready_is_refused_and_leaves_nothing(checked: Attempts) -> None:
    database, number = checked("as found")
    with Store(database) as store:
        with pytest.raises(LaunchError, match="NOT READY"):
            decide(store, number, person="Grace", decision=Decision.GO)
        assert store.attempt(number).signoffs == ()
        decided = decide(store, number, person="Grace", decision=Decision.NO_GO, comment="not like this")
        assert decided.script is None
        assert [signoff.decision for signoff in store.attempt(number).signoffs] == [Decision.NO_GO]
    assert not (database.parent / "scripts").exists()


def test_a_nameless_decision_is_refused(checked: Attempts) -> None:
    database, number = checked("as found")
    with Store(database) as store, pytest.raises(IdentityError, match="person"):
        decide(store, number, person="   ", decision=Decision.NO_GO)


def test_the_session_folder_keeps_events_and_log(checked: Attempts) -> None:
    database, number = checked("fixed")
    with Store(database) as store:
        (row,) = Sessions(store).all(attempt=number)
    assert {"session.json", "attempt.json", "events.jsonl", "worker.log"} <= {
        path.name for path in row.folder.iterdir()
    }
