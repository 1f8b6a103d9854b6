"""No way to a script without the approvals that the policy asks for: random histories against a plain bookkeeper."""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aqboard.domain.errors import AqboardError
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from aqboard.domain.signing.identity import Identity
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.audit import verified
from aqboard.signing.clearance import clearance_of
from aqboard.signing.decide import decide
from aqboard.signing.waive import answer, propose
from aqboard.store import Store
from tests import samples
from tests.signing_samples import WHEN, add_attempt, findings, person

POLICY = {
    "approvals": [{"role": "lead"}, {"role": "any"}],
    "self_approval": "never",
    "people": {"Lena": ["lead"], "Luis": ["lead"]},
    "signoff_hours": 24,
    "evidence_hours": 100,
}
AUTHOR, LEADS = "Ada", ("Lena", "Luis")
PEOPLE = st.sampled_from((AUTHOR, *LEADS, "Max", "Mia", " mia"))
CHECK = "loss.first"


class Histories(RuleBasedStateMachine):
    """People, time and files do what they like. `gos` and `waiver` are what a careful clerk would have written down."""

    @initialize(good=st.booleans())
    def start(self, good: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder / "board.db", create=True)
        self.verdict = Verdict.PASS if good else Verdict.FAIL
        found = findings(loss_first=self.verdict)
        self.number = add_attempt(self.store, self.folder / "in", found, policy=POLICY)
        self.uid = self.store.attempt(self.number).attempt.uid
        self.now: datetime = WHEN
        self.gos: dict[str, datetime] = {}
        self.waiver: tuple[str, str, str | None, datetime] | None = None  # uid, by, confirmed by, until
        self.file_changed = False

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.__exit__(None, None, None)
            shutil.rmtree(self.folder)

    def ready(self) -> bool:
        waived = self.waiver is not None and self.waiver[2] is not None and self.now < self.waiver[3]
        return self.verdict is Verdict.PASS or waived

    def held(self) -> set[str]:
        return {who for who, when in self.gos.items() if self.now < when + timedelta(hours=24)}

    def allowed(self) -> bool:
        held = self.held()
        fresh = self.now < WHEN + timedelta(hours=100)
        return self.ready() and fresh and not self.file_changed and len(held) >= 2 and bool(held & set(LEADS))

    @rule(who=PEOPLE)
    def go(self, who: str) -> None:
        fresh = self.now < WHEN + timedelta(hours=100)
        may = self.ready() and fresh and not self.file_changed and who != AUTHOR
        try:
            decided = decide(self.store, self.number, person=who, decision=Decision.GO, now=self.now)
        except AqboardError:
            assert not may
            return
        assert may
        self.gos[who.strip().title()] = self.now
        assert (decided.script is not None) == self.allowed()

    @rule(lead=st.sampled_from(LEADS))
    def everybody_says_go(self, lead: str) -> None:
        """What chance alone rarely brings about."""
        self.go(lead)
        self.go("Max")

    @rule(who=PEOPLE)
    def no_go(self, who: str) -> None:
        decide(self.store, self.number, person=who, decision=Decision.NO_GO, now=self.now)
        self.gos = {}
        assert not self.scripts(), "a NO-GO leaves nothing to submit"

    @rule(who=PEOPLE, days=st.integers(1, 3))
    def accept_the_risk(self, who: str, days: int) -> None:
        try:
            made = propose(
                self.store, self.number, CHECK, person=who, reason="r", risk="r", days=days, unknown=True, now=self.now
            )
        except AqboardError:
            return
        self.waiver = (made.uid, who.strip().title(), None, made.expires_at)

    @rule(who=PEOPLE, confirm=st.booleans())
    def answer_the_waiver(self, who: str, confirm: bool) -> None:
        name, open_ = who.strip().title(), self.waiver is not None and self.now < self.waiver[3]
        try:
            answer(self.store, self.number, CHECK, person=who, confirm=confirm, now=self.now)
        except AqboardError:
            assert not (open_ and self.waiver and name not in (self.waiver[1], AUTHOR))
            return
        assert self.waiver is not None
        assert not confirm or name not in (self.waiver[1], AUTHOR), "a second person, and not the author"
        if not confirm:
            self.waiver = None
        else:
            self.waiver = (*self.waiver[:2], name, self.waiver[3])
        self.gos = {}  # what was signed is not what is there now

    @rule()
    def two_accept_the_risk(self) -> None:
        self.accept_the_risk("Max", 2)
        self.answer_the_waiver("Mia", True)

    @rule(verdict=st.sampled_from((Verdict.PASS, Verdict.FAIL, Verdict.ERROR)), text=st.integers(0, 10**9))
    def measure_again(self, verdict: Verdict, text: int) -> None:
        self.store.add_findings(self.uid, [samples.finding(CHECK, verdict, summary=f"measured {text}")])
        self.verdict, self.waiver, self.gos = verdict, None, {}

    @rule(hours=st.sampled_from((1, 20, 24)))
    def time_passes(self, hours: int) -> None:
        before = self.ready()
        self.now += timedelta(hours=hours)
        if before != self.ready():
            self.gos = {}  # the waiver that was signed is over

    @rule()
    def a_file_changes_or_is_put_back(self) -> None:
        file = self.folder / "in" / "baseline.ckpt"
        text = file.read_bytes()
        file.write_bytes(text[:-1] if self.file_changed else text + b"!")
        self.file_changed = not self.file_changed

    def scripts(self) -> list[Path]:
        return list((self.folder / "scripts").rglob("*.sbatch"))

    @invariant()
    def the_board_says_what_the_clerk_says(self) -> None:
        if not hasattr(self, "store"):
            return
        stored = self.store.attempt(self.number, self.now)
        assert (stored.readiness.state is State.READY) == self.ready()
        cleared = clearance_of(stored, self.now)
        assert (not cleared.between) == self.allowed()
        assert {s.person.strip().title() for s in cleared.approvals} == (self.held() if self.allowed() else set())
        assert verified(self.store).faults == ()


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=20, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_identities_are_as_they_were_recorded(tmp_path: Path) -> None:
    with Store(tmp_path / "board.db", create=True) as store:
        number = add_attempt(store, tmp_path / "in", findings())
        who: Identity = person("Grace Hopper", by="os-user")
        decided = decide(store, number, person=who, decision=Decision.GO, now=WHEN)
        (signoff,) = store.attempt(number).signoffs
    assert (signoff.person, signoff.subject, signoff.identified_by) == ("Grace Hopper", "grace.hopper", "os-user")
    assert decided.script is not None
    assert "identified by: os-user (the login name on the machine" in decided.script.text
