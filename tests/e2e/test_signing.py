"""A team signs a launch in real browsers: author, colleague and lead, each with an account and a window."""

import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import BrowserContext, Page, expect

from aqboard.domain.evidence import Evidence, ForwardEvidence
from aqboard.domain.plan import LaunchPlan
from aqboard.domain.session.check_session import CheckSession
from aqboard.domain.session.events import Ended, SessionEnded, SessionStarted, Started
from aqboard.domain.signing.signoff import Decision
from aqboard.domain.signing.waiver import WaiverState
from aqboard.location import config_folder
from aqboard.sessions import folder as session_folder
from aqboard.sessions.backends.base import EVENTS
from aqboard.sessions.control import sessions_folder
from aqboard.sessions.events import append
from aqboard.signing.accounts import add
from aqboard.signing.decide import decide
from aqboard.signing.installation import settings_file
from aqboard.store import Store
from aqboard.store.accounts import accounts
from aqboard.store.sessions import Sessions
from tests.e2e.conftest import Board, serve
from tests.e2e.test_journey import settled
from tests.sample_attempts import add_attempt, as_found_evidence, fixed_evidence, measured, sample_plan, write_files

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOKEN = secrets.token_urlsafe(32)
PASSWORD = "correct horse battery"
POLICY = {"approvals": [{"role": "lead"}, {"role": "any"}], "self_approval": "never", "confirm_waivers": "lead"}


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board where people have accounts, and four launches that Ammar planned."""
    folder = tmp_path_factory.mktemp("team")
    database = folder / "board.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AQBOARD_CONFIG_DIR", str(folder / "config"))
        config_folder().mkdir()
        settings_file().write_text(yaml.safe_dump({"mode": "account", "policy": POLICY}))
        with Store(database, create=True) as store:
            add(store, "ammar", person="Ammar", roles=["lead"], password=PASSWORD)
            add(store, "grace", person="Grace Hopper", roles=["lead"], password=PASSWORD)
            add(store, "max", person="Max", roles=[], password=PASSWORD)
            numbers = {name: _ready(store, folder / name) for name in ("signed", "changed")}
            numbers["checked again"] = _ready(store, folder / "checked again")
            numbers["waived"] = _ready(store, folder / "waived", _failing_forward)
        with serve(database, folder) as server:
            yield Board(f"http://127.0.0.1:{server.port}", database, numbers, server.pid)


@pytest.fixture(autouse=True)
def _same_settings(team: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process decides, it decides under the rules of the board."""
    monkeypatch.setenv("AQBOARD_CONFIG_DIR", str(team.database.parent / "config"))


@pytest.fixture
def window(new_context: Callable[[], BrowserContext], team: Board) -> Callable[[str], Page]:
    """Open the launch page of an attempt in a browser that shares nothing with the others."""

    def opened(attempt: str) -> Page:
        page = new_context().new_page()
        page.goto(f"{team.url}/launch?attempt={team.numbers[attempt]}")
        settled(page)
        return page

    return opened


def _ready(store: Store, folder: Path, evidence: Callable[[LaunchPlan], tuple[Evidence, ...]] = fixed_evidence) -> int:
    write_files(folder)
    plan = sample_plan(folder, name=f"launch to be {folder.name}")
    return add_attempt(store, plan, evidence(plan))


def _failing_forward(plan: LaunchPlan) -> tuple[Evidence, ...]:
    failing = _failed_pass(plan)
    return tuple(failing if item.kind == failing.kind else item for item in fixed_evidence(plan))


def _failed_pass(plan: LaunchPlan) -> ForwardEvidence:
    (found,) = (item for item in as_found_evidence(plan) if isinstance(item, ForwardEvidence))
    return found


def sign_in(page: Page, account: str, password: str = PASSWORD) -> None:
    page.get_by_label("Account", exact=True).fill(account)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    settled(page)


def say(page: Page, decision: str, comment: str) -> None:
    page.get_by_role("radiogroup", name="Decision").get_by_text(decision, exact=True).click()
    page.get_by_role("textbox", name="Comment").first.fill(comment)
    page.get_by_role("button", name="Record the decision").click()
    settled(page)


def say_go_in_the_terminal(board: Board, attempt: str) -> Path:
    """Two colleagues say GO; where the script is."""
    number = board.numbers[attempt]
    with Store(board.database) as store:
        people = {account.name: account.identity for account in accounts(store.db)}
        decide(store, number, person=people["max"], decision=Decision.GO)
        script = decide(store, number, person=people["grace"], decision=Decision.GO).script
    assert script is not None
    return Path(script.path)


def test_author_colleague_and_lead(window: Callable[[str], Page], team: Board) -> None:
    author = window("signed")
    expect(author.get_by_role("radiogroup", name="Decision")).to_have_count(0)
    sign_in(author, "ammar", "wrong horse battery")
    expect(author.get_by_text("there is no such account, or the password is wrong")).to_be_visible()
    sign_in(author, "ammar")
    expect(author.get_by_text("You are Ammar · role lead").first).to_be_visible()
    expect(author.get_by_text("the author's own word does not count")).to_be_visible()
    expect(author.get_by_role("radiogroup", name="Decision").get_by_text("GO", exact=True)).to_have_count(0)

    colleague = window("signed")
    sign_in(colleague, "max")
    say(colleague, "GO", "Losses agree.")
    expect(
        colleague.get_by_text("GO by Max is recorded. GO is missing from 1 person with the role lead")
    ).to_be_visible()
    expect(colleague.get_by_role("heading", name="The script, not signed")).to_be_visible()

    lead = window("signed")
    expect(lead.get_by_text("GO is missing from 1 person with the role lead (1 of 2 given)")).to_be_visible()
    sign_in(lead, "grace")
    say(lead, "GO", "Go ahead.")
    expect(lead.get_by_text("Nothing stands between here and the launch")).to_be_visible()
    expect(lead.get_by_role("heading", name="The signed script")).to_be_visible()
    with Store(team.database) as store:
        stored = store.attempt(team.numbers["signed"])
    assert [(s.person, s.identified_by) for s in stored.signoffs] == [("Max", "account"), ("Grace Hopper", "account")]
    assert {"Max", "Grace Hopper"} <= set(re.findall(r"Max|Grace Hopper", Path(stored.scripts[-1].path).read_text()))

    lead.get_by_role("button", name="Sign out").click()
    settled(lead)
    expect(lead.get_by_role("radiogroup", name="Decision")).to_have_count(0)
    sign_in(lead, "grace")
    expect(lead.get_by_text("You are Grace Hopper · role lead").first).to_be_visible()


def test_a_sign_in_outlives_a_reload_reaches_the_other_tab_and_ends_in_both(
    page: Page, team: Board, tmp_path: Path
) -> None:
    with serve(team.database, tmp_path, TOKEN) as server:
        launch = f"http://127.0.0.1:{server.port}/launch?attempt={team.numbers['waived']}"
        page.goto(f"{launch}&token={TOKEN}")
        settled(page)
        with page.expect_response(re.compile("kept-login")) as kept:
            sign_in(page, "grace")
        assert kept.value.status == 204
        page.reload()
        settled(page)
        expect(page.get_by_text("You are Grace Hopper · role lead").first).to_be_visible()
        other = page.context.new_page()
        other.goto(launch)
        settled(other)
        expect(other.get_by_text("You are Grace Hopper · role lead").first).to_be_visible()
        assert not [each for each in page.context.cookies() if not each["httpOnly"] and "login" in each["name"]]

        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_label("Password", exact=True)).to_be_visible()
        page.reload()
        settled(page)
        expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_a_changed_input_voids_every_go_by_the_next_page_load(window: Callable[[str], Page], team: Board) -> None:
    say_go_in_the_terminal(team, "changed")
    page = window("changed")
    expect(page.get_by_text("✅ holds")).to_have_count(2)
    (team.database.parent / "changed" / "train.yaml").write_text("embed_dim: 64\ndepth: 7\n")
    page.reload()
    settled(page)
    expect(page.get_by_text("GO is not possible now")).to_be_visible()
    expect(page.get_by_text(re.compile(r"🚫 void.*target\.config: .*train\.yaml has changed"))).to_have_count(2)
    expect(page.get_by_role("heading", name="The script, not signed")).to_be_visible()
    expect(page.get_by_role("button", name="Download the script")).to_have_count(0)
    expect(page.get_by_text("A script that was let out before no longer counts")).to_be_visible()


def test_a_changed_finding_voids_every_go_and_takes_the_script_back(window: Callable[[str], Page], team: Board) -> None:
    script = say_go_in_the_terminal(team, "checked again")
    page = window("checked again")
    expect(page.get_by_role("heading", name="The signed script")).to_be_visible()
    _check_again(team, "checked again")
    page.reload()
    settled(page)
    expect(page.get_by_text("The attempt is NOT READY")).to_be_visible()
    expect(page.get_by_text(re.compile("🚫 void.*findings changed since this was signed"))).to_have_count(2)
    expect(page.get_by_role("heading", name="The script, not signed")).to_be_visible()
    assert not script.exists()


def _check_again(board: Board, attempt: str) -> None:
    """A session that measured the forward pass once more, and found it failing; the board has not read it yet."""
    with Store(board.database) as store:
        stored = store.attempt(board.numbers[attempt])
        session = CheckSession(
            attempt=stored.attempt.uid,
            backend="local",
            requested_by="Ammar",
            checks=("forward.shapes",),
            probes=("forward",),
            limits={"forward": 60.0},
        )
        folder = sessions_folder(store.path) / session.uid
        session_folder.create(folder, session, stored.attempt)
        outcome = measured(_failed_pass(stored.attempt.plan))
        append(folder / EVENTS, SessionStarted(host="nid001", pid=7))
        append(folder / EVENTS, Started(probe="forward"))
        append(folder / EVENTS, Ended(outcome=outcome))
        append(folder / EVENTS, SessionEnded(state="done", files=session_folder.sums(folder)))
        Sessions(store).add(session, stored.attempt, folder)


def test_a_waiver_is_asked_for_by_one_account_and_confirmed_by_a_second(
    window: Callable[[str], Page], team: Board
) -> None:
    colleague = window("waived")
    expect(colleague.get_by_text("GO is not possible now")).to_be_visible()
    expect(colleague.get_by_role("button", name="Accept a risk ...")).to_have_count(0)
    sign_in(colleague, "max")
    colleague.get_by_role("button", name="Accept a risk ...").click()
    dialog = colleague.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason").fill("The other branch has the mended loader.")
    dialog.get_by_role("button", name="Propose the waiver").click()
    expect(dialog.get_by_text("The waiver was not recorded. risk:")).to_be_visible()
    dialog.get_by_role("textbox", name="Risk").fill("400 GPUs stop in the first step.")
    dialog.get_by_role("button", name="Propose the waiver").click()
    expect(dialog).to_have_count(0)
    settled(colleague)
    expect(colleague.get_by_text("A second person must confirm it before it counts")).to_be_visible()
    _confirm(colleague)
    expect(colleague.get_by_text("somebody else must confirm it")).to_be_visible()

    lead = window("waived")
    expect(lead.get_by_text("has no second person yet")).to_be_visible()
    sign_in(lead, "grace")
    _confirm(lead)
    expect(lead.get_by_text("The waiver for forward.shapes is in force")).to_be_visible()
    expect(lead.get_by_text("GO is possible").first).to_be_visible()
    with Store(team.database) as store:
        (standing,) = store.attempt(team.numbers["waived"]).waivers
    assert standing.state is WaiverState.IN_FORCE
    assert [(said.person, said.identified_by) for said in standing.answers] == [("Grace Hopper", "account")]


def _confirm(page: Page) -> None:
    page.get_by_role("button", name="Confirm: I accept it too").click()
    settled(page)
