"""People, and an attempt with real input files, for the tests of policy, sign-off, waivers and audit log."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aqboard.domain.finding import Finding, Verdict
from aqboard.domain.signing.identity import Identity
from aqboard.sessions.freeze import freeze
from aqboard.store import Store
from tests import samples

WHEN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CHECKS = ("scan.cache_used", "loss.first", "cache.content")


def person(name: str, *roles: str, by: str = "account") -> Identity:
    """Somebody with an account."""
    subject = "" if by == "none" else name.lower().replace(" ", ".")
    return Identity.model_validate({"person": name, "subject": subject, "identified_by": by, "roles": roles})


ADA, GRACE, KATHERINE = person("Ada"), person("Grace", "lead"), person("Katherine")
"""Ada is the author of the sample plan."""


def add_attempt(store: Store, folder: Path, findings: Sequence[Finding], **sections: Any) -> int:
    """An attempt on real files in `folder`, with the findings given; its number. Added by a process of nobody's."""
    file = samples.write_plan(folder, **sections)
    plan = samples.plan(**sections).with_base(folder)
    frozen = freeze(plan, file.read_text(), CHECKS).model_copy(update={"created_at": WHEN})
    number = store.add_attempt(frozen, Identity(person="board", subject="board", identified_by="os-user"))
    store.add_findings(frozen.uid, findings)
    return number


def findings(**verdicts: Verdict) -> list[Finding]:
    """One finding per check, passed unless told otherwise; `loss_first=Verdict.FAIL` for `loss.first`."""
    return [samples.finding(check, verdicts.get(check.replace(".", "_"), Verdict.PASS)) for check in CHECKS]
