"""`aqboard sign`: what it answers, what it leaves behind, and what it refuses."""

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from aqboard.settings import config_folder
from aqboard.store import Store
from aqboard.store.audit import entries
from tests.cli.conftest import PASSWORD, Run


def signoffs(database: Path, number: int = 1):
    with Store(database) as store:
        return store.attempt(number).signoffs


def test_the_last_go_is_stored_and_names_the_script(signing: Path, run: Run) -> None:
    done = run("sign", 1, "--go", "--comment", "looks [b]right[/b]")
    assert done.exit_code == 0, done.output
    (signoff,) = signoffs(signing)
    assert f"GO by {signoff.person} on attempt 1 is recorded." in done.stdout
    assert f"as {signoff.person}, identified by os-user" in done.stderr
    assert (signoff.decision, signoff.identified_by, signoff.comment) == ("GO", "os-user", "looks [b]right[/b]")
    (script,) = (signing.parent / "scripts").rglob("launch.sbatch")
    assert f"script  {script}" in done.stdout
    until = script.read_text().partition("# Until     ")[2][:16]
    assert f"until   {until} UTC; after that it refuses to start" in done.stdout


def test_a_no_go_says_which_scripts_it_took_back(signing: Path, run: Run) -> None:
    (script,) = [Path(json.loads(run("sign", 1, "--go", "--json").stdout)["script"])]
    done = run("sign", 1, "--no-go")
    assert done.exit_code == 0
    assert f"taken back  {script.parent.name}/launch.sbatch" in done.stdout
    assert not script.exists()
    again = json.loads(run("sign", 1, "--no-go", "--json").stdout)
    assert (again["signoff"]["decision"], again["script"], again["until"]) == ("NO-GO", None, None)
    assert again["withdrawn"] == []


def test_a_go_of_one_where_two_are_asked_is_recorded_with_1_and_says_who_is_missing(accounts: Path, run: Run) -> None:
    asked = "mode: account\npolicy: {approvals: [{role: lead}, {role: any}]}\n"
    (config_folder() / "signing.yaml").write_text(asked)
    first = run("sign", 1, "--go", "--account", "grace", "--json", typed=PASSWORD + "\n")
    assert first.exit_code == 1
    assert json.loads(first.stdout)["missing"] == ["GO is missing from 1 person (1 of 2 given)."]
    twice = run("sign", 1, "--go", "--account", "grace", typed=PASSWORD + "\n")
    assert (twice.exit_code, "GO is missing from 1 person" in twice.stdout) == (1, True)
    second = run("sign", 1, "--go", "--account", "katherine", typed=PASSWORD + "\n")
    assert (second.exit_code, "script  " in second.stdout) == (0, True)
    assert [(s.person, s.identified_by) for s in signoffs(accounts)] == [
        ("Grace", "account"), ("Grace", "account"), ("Katherine", "account"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((2, "--go"), "GO is not possible. The attempt is NOT READY"),
        ((1,), "Say what you decide: --go or --no-go."),
        ((99, "--go"), "There is no attempt 99"),
        ((1, "--go", "--comment", "x" * 4001), "The decision was not recorded. comment: "),
        ((1, "--go", "--account", "nobody"), "No password came"),
        ((1, "--go", "--db", "/nowhere/x.db"), "There is no database at /nowhere/x.db"),
    ],
    ids=["not ready", "no decision", "no such attempt", "a comment without end", "no password", "no database"],
)
def test_refusals_are_one_sentence_with_2_and_leave_nothing(
    arguments: tuple[object, ...], words: str, signing: Path, run: Run
) -> None:
    done = run("sign", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    told = json.loads(run("sign", *arguments, "--json").stdout)
    assert words in told["error"]["message"]
    assert signoffs(signing) == signoffs(signing, 2) == ()
    with Store(signing) as store:
        assert "login refused" not in {entry.action for entry in entries(store.db)}


def test_a_number_that_is_none_is_told_as_usage(signing: Path, run: Run) -> None:
    done = run("sign", "first", "--go")
    assert (done.exit_code, "first" in done.output or "integer" in done.output) == (2, True)


def test_the_author_does_not_sign_where_people_are_identified(accounts: Path, run: Run) -> None:
    done = run("sign", 1, "--go", "--account", "ada", typed=PASSWORD + "\n")
    assert done.exit_code == 2
    assert "Ada is the attempt's author" in done.stderr
    assert signoffs(accounts) == ()


def test_a_wrong_password_is_refused_and_told_in_the_log(accounts: Path, run: Run) -> None:
    done = run("sign", 1, "--go", "--account", "grace", typed="wrong password\n")
    assert (done.exit_code, "the password is wrong" in done.stderr) == (2, True)
    assert signoffs(accounts) == ()
    with Store(accounts) as store:
        assert [e.subject for e in entries(store.db)][-1] == "account grace"
    assert "wrong password\n" not in done.output


def test_a_terminal_cannot_be_a_proxy(signing: Path, run: Run) -> None:
    secret = config_folder() / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    (config_folder() / "signing.yaml").write_text(f"mode: proxy\nproxy: {{secret_file: {secret}}}\n")
    done = run("sign", 1, "--go")
    assert (done.exit_code, "identifies people by proxy, which a terminal cannot do" in done.stderr) == (2, True)
    (config_folder() / "signing.yaml").write_text("mode: anybody\n")
    broken = run("sign", 1, "--go")
    assert (broken.exit_code, "signing.yaml" in broken.stderr) == (2, True)
    assert signoffs(signing) == ()


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(accounts: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "aqboard.cli", "sign", "1", "--go", "--account", "grace"]
    # A session of its own: otherwise the terminal of whoever runs the tests would be asked.
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        # The space comes after the echo is off; what is typed before that is thrown away.
        seen = _until(ours, "Password of the account grace: ")
        os.write(ours, PASSWORD.encode() + b"\n")
        seen += _until(ours, None)
        assert process.wait(60) == 0, seen
    finally:
        process.kill()
        process.wait()
    os.close(ours)
    assert "GO by Grace on attempt 1 is recorded." in seen
    assert PASSWORD not in seen


def _until(terminal: int, words: str | None) -> str:
    """What the terminal shows until it has shown `words`, or until it closes."""
    seen = ""
    while words is None or words not in seen:
        if not select.select([terminal], [], [], 60)[0]:
            raise AssertionError(f"nothing more came after {seen!r}")
        try:
            part = os.read(terminal, 4096)
        except OSError:  # closed by the other end
            break
        if not part:
            break
        seen += part.decode()
    return seen
