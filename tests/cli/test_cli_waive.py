"""`aqboard waive`: one proposes, a second answers; each refusal in words."""

import json
from pathlib import Path

import pytest

from aqboard.store import Store
from tests.cli.conftest import PASSWORD, Run

ACCEPT = ("--reason", "measured on a CPU", "--risk", "a night of 400 GPUs")


def waivers(database: Path):
    with Store(database) as store:
        return store.attempt(2).waivers


def as_account(name: str) -> dict[str, str]:
    return {"typed": f"{PASSWORD}\n"} if name else {}


def test_proposed_confirmed_and_then_ready(accounts: Path, run: Run) -> None:
    proposed = run("waive", 2, "loss.first", *ACCEPT, "--days", 3, "--account", "grace", typed=PASSWORD + "\n")
    assert proposed.exit_code == 0, proposed.output
    assert "waiver for loss.first: proposed, until" in proposed.stdout
    assert proposed.stdout.count("attempt 2 is NOT READY") == 1
    assert "The attempt is NOT READY" not in proposed.stdout
    assert "The waiver for loss.first by Grace has no second person yet." in proposed.stdout
    done = run("waive", 2, "loss.first", "--confirm", "--account", "katherine", "--json", typed=PASSWORD + "\n")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["waiver"]["state"], told["state"]) == ("in force", "READY")
    assert told["between"] == ["GO is missing from 1 person (nobody has said GO)."]
    (standing,) = waivers(accounts)
    waiver = standing.waiver
    assert (waiver.person, waiver.reason, waiver.risk, standing.state) == (
        "Grace", "measured on a CPU", "a night of 400 GPUs", "in force"
    )  # fmt: skip
    assert (waiver.expires_at - waiver.created_at).days == 3


def test_refused_by_the_second_person(accounts: Path, run: Run) -> None:
    run("waive", 2, "loss.first", *ACCEPT, "--account", "grace", typed=PASSWORD + "\n")
    done = run("waive", 2, "loss.first", "--refuse", "--account", "katherine", typed=PASSWORD + "\n")
    assert (done.exit_code, "waiver for loss.first: refused" in done.stdout) == (0, True)
    assert [standing.state for standing in waivers(accounts)] == ["refused"]


def test_nobody_is_their_own_second_person(signing: Path, run: Run) -> None:
    assert run("waive", 2, "loss.first", *ACCEPT).exit_code == 0
    done = run("waive", 2, "loss.first", "--confirm")
    assert (done.exit_code, "proposed this waiver; somebody else must confirm it" in done.stderr) == (2, True)
    again = run("waive", 2, "loss.first", *ACCEPT)
    assert (again.exit_code, "There is a waiver for loss.first already" in again.stderr) == (2, True)
    assert [standing.state for standing in waivers(signing)] == ["proposed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((2, "loss.first"), "loss.first said fail. Say --reason and --risk, in words."),
        ((2, "loss.first", "--reason", "x"), "Say --reason and --risk"),
        ((2, "loss.first", *ACCEPT, "--days", 0), "more than 0 and at most 90 days; 0 were given"),
        ((2, "loss.first", *ACCEPT, "--days", 91), "at most 90 days; 91 were given"),
        ((2, "loss.first", *ACCEPT, "--days", "nan"), "at most 90 days; nan were given"),
        ((2, "loss.first", "--reason", "x" * 2001, "--risk", "y"), "The waiver was not recorded. reason: "),
        ((2, "scan.cache_used", *ACCEPT), "scan.cache_used passed; there is nothing to accept."),
        ((2, "loss.frist", *ACCEPT), "has no check loss.frist; `aqboard attempts 2` lists them."),
        ((2, "loss.first", "--confirm"), "has no open waiver for loss.first"),
        ((2, "loss.first", "--confirm", "--reason", "x"), "belong to a new waiver, not to an answer"),
        ((99, "loss.first", *ACCEPT), "There is no attempt 99"),
    ],
)
def test_refusals_are_one_sentence_with_2_and_leave_nothing(
    arguments: tuple[object, ...], words: str, signing: Path, run: Run
) -> None:
    done = run("waive", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert words in json.loads(run("waive", *arguments, "--json").stdout)["error"]["message"]
    assert waivers(signing) == ()


def test_a_check_that_did_not_run_is_accepted_only_by_who_says_that_nobody_knows(signing: Path, run: Run) -> None:
    from tests.signing_samples import add_attempt, findings

    with Store(signing) as store:
        number = add_attempt(store, signing.parent / "in3", findings()[:1])
    refused = run("waive", number, "loss.first", *ACCEPT)
    assert (refused.exit_code, "add --unknown" in refused.stderr) == (2, True)
    assert run("waive", number, "loss.first", *ACCEPT, "--unknown").exit_code == 0
