"""What the header says of people, waivers, expiry and the audit log; the whole scripts are golden files beside this."""

from datetime import timedelta

from aqboard.domain.signing.waiver import Answer, Waiver, WaiverState, WaiverStatus
from aqboard.launch.approval import Approval
from aqboard.launch.profile import load_profile
from aqboard.launch.script import Signed, render
from tests.launch.launch_samples import UID, WHEN, attempt, go

WAIVED = """\
# Until     2026-11-30 09:30 UTC it may start; then a GO, the evidence or a waiver has expired
# GO        Ada Okafor, 2026-11-23 09:30 UTC
#           identified by: account (a local account of this board, by its password), role lead
#           | Baseline reproduced, cache content equal.
# WAIVED    loss.first (error): NOBODY KNOWS whether it is right, accepted until 2026-11-30 09:30 UTC
#           accepted by Nadia Berger, 2026-11-23 09:30 UTC
#           identified by: none (the name was typed in, nobody verified it)
#           confirmed by Ingrid Solheim, 2026-11-23 09:30 UTC
#           identified by: none (the name was typed in, nobody verified it)
#           | Reason: The node ran out of memory.
#           | #SBATCH --nodes=4000
#           | Risk: A night of 400 GPUs.
# Audit     57 aaaa
"""


def test_waivers_expiry_and_the_logs_hash_are_in_the_header() -> None:
    waiver = Waiver(
        attempt=UID,
        person="Nadia Berger",
        created_at=WHEN,
        check="loss.first",
        verdict="error",
        finding="f" * 64,
        unknown=True,
        reason="The node ran out of memory.\n#SBATCH --nodes=4000",
        risk="A night of 400 GPUs.",
        expires_at=WHEN + timedelta(days=7),
    )
    second = Answer(attempt=UID, person="Ingrid Solheim", created_at=WHEN, waiver=waiver.uid, answer="confirmed")
    standing = WaiverStatus(waiver=waiver, answers=(second,), state=WaiverState.IN_FORCE)
    signed = go(identified_by="account", subject="ada", roles=["lead"])
    approval = Approval.of(signed, waivers=(standing,), audit="57 aaaa", until=WHEN + timedelta(days=7))
    script = render(attempt(), load_profile("lumi-g"), approval, Signed("/s/manifest.json", "a" * 64))
    assert WAIVED in script
    assert "\n#SBATCH --nodes=4000" not in script
