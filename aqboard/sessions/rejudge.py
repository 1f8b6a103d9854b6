"""Judge what was measured again, with the checks of today; nothing is measured anew.

A later version of aqboard may know more about evidence that lies in the database for months: a check was mended, a
limit moved, a question added. The answer is a new set of findings beside the old ones, which stay as they are.
"""

from dataclasses import dataclass

from aqboard.checks.judge import judge_one
from aqboard.checks.suite import installed_suite
from aqboard.domain.errors import SessionError
from aqboard.domain.finding import Finding, Verdict
from aqboard.signing.decide import withdraw_void
from aqboard.store import Store, StoredAttempt
from aqboard.store.sessions import Sessions


@dataclass(frozen=True)
class FindingChange:
    """A check whose answer is another one today."""

    before: Finding | None
    """None where nothing was found yet."""
    now: Finding

    @property
    def verdict_changed(self) -> bool:
        """Whether more than words or figures changed."""
        return self.before is None or self.before.verdict is not self.now.verdict


@dataclass(frozen=True)
class Rejudged:
    """What today's checks say of the evidence of an attempt."""

    findings: tuple[Finding, ...]
    """One for each check whose evidence is all there, in reading order."""
    changes: tuple[FindingChange, ...]
    kept: tuple[str, ...]
    """Checks that cannot be judged again, because what they need was not measured or they were left out."""
    gone: tuple[str, ...]
    """Checks that were asked and that this version does not know; their findings stay."""
    not_asked: tuple[str, ...]
    """Checks that are new since: only a new attempt asks them."""


def rejudge(stored: StoredAttempt) -> Rejudged:
    """Today's findings on the evidence of `stored`, compared with the stored ones. Changes nothing.

    Raises SessionError where nothing can be judged: that nothing was looked at must not read as "nothing changed".
    """
    suite = installed_suite()
    earlier = {finding.check: finding for finding in stored.findings}
    findings, changes, kept = [], [], []
    for check in suite:
        if check.id not in stored.attempt.checks:
            continue
        before = earlier.get(check.id)
        left_out = check.id in stored.attempt.left_out and (before is None or before.verdict is Verdict.SKIP)
        if left_out or any(kind.kind not in stored.outcomes for kind in check.needs):
            kept.append(check.id)
            continue
        now = judge_one(check, stored.attempt.plan, stored.outcomes)
        findings.append(now)
        if before is None or _said(before) != _said(now):
            changes.append(FindingChange(before, now))
    if not stored.outcomes or not findings:
        raise SessionError(
            f"Nothing was measured for attempt {stored.number} that today's checks can judge. Check its plan."
        )
    known = {check.id for check in suite}
    return Rejudged(
        findings=tuple(findings),
        changes=tuple(changes),
        kept=tuple(kept),
        gone=tuple(check for check in stored.attempt.checks if check not in known),
        not_asked=tuple(check.id for check in suite if check.id not in stored.attempt.checks),
    )


def judge_again(store: Store, number: int) -> Rejudged:
    """Judge attempt `number` again and store the new findings where any differs; a GO on the old ones is void then.

    Raises SessionError while a session of the attempt is running or where nothing was measured, StoreError when
    somebody else recorded something meanwhile.
    """
    stored = store.attempt(number)
    if running := Sessions(store).all(open_only=True, attempt=number):
        raise SessionError(
            f"Session {running[0].number} still measures attempt {number}. Wait for its end, or cancel it."
        )
    found = rejudge(stored)
    if found.changes:
        store.add_judgement(stored, found.findings)
        if stored.scripts:
            withdraw_void(store, number, "the evidence was judged again")
    return found


def _said(finding: Finding) -> dict[str, object]:
    """What a finding says to people; a traceback may differ from one Python to the next."""
    return finding.model_dump(exclude={"detail"})
