"""Where an attempt stands: gathers all that a decision depends on, and asks `aqboard.domain.signing.clearance`."""

import socket
from datetime import UTC, datetime

from aqboard.domain.plan.policy import Policy, stricter
from aqboard.domain.signing.case import ClearanceInputs
from aqboard.domain.signing.clearance import Clearance, SignoffStatus, clearance
from aqboard.domain.signing.signoff import Seal, seal
from aqboard.launch.limits import misfits
from aqboard.launch.profile import load_profile
from aqboard.launch.script import render_body
from aqboard.readers.inputs import changed_inputs
from aqboard.signing.installation import Installation, installation
from aqboard.store import StoredAttempt


def case_of(stored: StoredAttempt, here: Installation | None = None) -> ClearanceInputs:
    """Everything that the clearance of an attempt depends on; input files, profile and settings are read anew."""
    known = here or installation()
    plan = stored.attempt.plan
    return ClearanceInputs(
        attempt=stored.attempt,
        readiness=stored.readiness,
        policy=policy_of(stored, known),
        seal=seal_of(stored, known),
        signoffs=stored.signoffs,
        waivers=stored.waivers,
        added_by=stored.added_by,
        accounts=stored.people if known.mode == "account" else None,
        stale=changed_inputs(stored.attempt),
        misfits=misfits(plan.cluster, load_profile(plan.cluster.profile)),
    )


def clearance_of(stored: StoredAttempt, now: datetime | None = None) -> Clearance:
    """What stands between the attempt and its script, and what every decision is worth now."""
    return clearance(case_of(stored), now or datetime.now(UTC))


def standings(stored: StoredAttempt) -> tuple[SignoffStatus, ...]:
    """Every sign-off, newest first, and whether it still holds."""
    return clearance_of(stored).standings


def obstacles(stored: StoredAttempt) -> tuple[str, ...]:
    """Why nobody's GO is possible now, one sentence each; empty when it is."""
    return tuple(step.what for step in clearance_of(stored).obstacles)


def policy_of(stored: StoredAttempt, here: Installation | None = None) -> Policy:
    """The plan's policy with all that the installation asks for on top."""
    known = here or installation()
    return stricter(stored.attempt.plan.policy, known.policy, known.accepted)


def seal_of(stored: StoredAttempt, here: Installation | None = None) -> Seal:
    """The seal over the attempt as it stands now."""
    plan = stored.attempt.plan
    body = render_body(plan, load_profile(plan.cluster.profile))
    return seal(stored.attempt, stored.findings, body, policy=policy_of(stored, here), waivers=stored.waivers)


def current_seal(stored: StoredAttempt) -> str:
    """The digest of `seal_of`."""
    return seal_of(stored).digest


def stale(stored: StoredAttempt) -> tuple[str, ...]:
    """A sentence for each input that is no longer what was judged; empty when the verdicts hold, or there are none.

    Files of an attempt that was frozen on another machine, as imported ones are, are looked for here too: where they
    do not lie on a file system that both machines see, nothing can be said, and that is said.
    """
    if not stored.findings:
        return ()
    attempt = stored.attempt
    here = attempt.host == socket.gethostname()
    if not here and not any(file.path.exists() for file in attempt.inputs):
        return (f"The input files lie on {attempt.host} and cannot be compared from here.",)
    return changed_inputs(attempt)
