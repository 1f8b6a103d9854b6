"""Checks and probes of other packages: really installed ones, as far as Python can tell."""

import sys
from pathlib import Path

import pytest

from aqboard.checks.judge import judge_one
from aqboard.checks.selection import kinds, probes_needed
from aqboard.checks.suite import SUITE, installed_suite
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State, VerdictLine, assess
from aqboard.domain.session.events import ProbeOutcome
from aqboard.plugins import CHECKS, installed_builders, plugins
from aqboard.probes import Context
from aqboard.sessions import worker
from tests import samples
from tests.packages import install

CODE = '''
"""Is the moon full?

Nobody launches at full moon.
"""

from aqboard.checks.check import Check
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.finding import Severity, Stage, failed, passed


class MoonEvidence(Evidence):
    """How much of the moon is lit."""

    kind = "moon"
    lit: float


def judge(plan, moon):
    """PASS below 0.99."""
    return passed("Not full.") if moon.lit < 0.99 else failed("Full.", remedy="Wait.")


CHECK = Check("moon.full", "Moon", Stage.LAUNCH, Severity.BLOCKS, (MoonEvidence,), judge)
SHADOW = Check("loss.first", "Mine is better", Stage.LOSS, Severity.BLOCKS, (MoonEvidence,), judge)


def measure(context):
    return MoonEvidence(lit=len(context.plan.name) / 1000)
'''
PROBE_CODE = """
from aqboard.api.target import Probe
from {module} import MoonEvidence, measure

PROBE = Probe(MoonEvidence, "Moon", measure)
"""


def test_a_package_brings_a_check_and_the_probe_behind_it(site: Path) -> None:
    install(
        site,
        "moonwatch",
        "[aqboard.checks]\nmoon = plug_moon:CHECK\n[aqboard.probes]\nmoon = plug_moon_probe:PROBE\n",
        plug_moon=CODE,
        plug_moon_probe=PROBE_CODE.format(module="plug_moon"),
    )
    suite = installed_suite()
    assert [check.id for check in suite] == [*(check.id for check in SUITE), "moon.full"]
    assert suite[-1].question == "Is the moon full?"
    assert "moon" in [kind.kind for kind in kinds(suite)]
    assert probes_needed(suite, samples.plan(), ())[-1] == "moon"
    probes, faults = worker.installed_probes()
    assert faults == ()
    outcome = worker.run(probes["moon"], Context(samples.attempt()))
    assert judge_one(suite[-1], samples.plan(), {"moon": outcome}).verdict is Verdict.PASS
    full = ProbeOutcome(probe="moon", status="measured", evidence={"lit": 1.0})
    assert judge_one(suite[-1], samples.plan(), {"moon": full}).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("code", "entry", "said"),
    [
        ("raise RuntimeError('no licence')", "plug_bad:CHECK", "RuntimeError: no licence"),
        ("import sys; sys.exit(3)", "plug_bad:CHECK", "SystemExit: 3"),
        ("import no_such_thing", "plug_bad:CHECK", "No module named 'no_such_thing'"),
        ("CHECK = 'a string'", "plug_bad:CHECK", "names a str, not an aqboard.api.Check"),
        ("CHECK = ()", "plug_bad:CHECK", "names no check"),
        (CODE, "plug_bad:NOTHING", "has no attribute 'NOTHING'"),
        (CODE, "plug_bad:SHADOW", "the check 'loss.first' exists already"),
    ],
)
def test_a_package_that_cannot_be_used_is_one_error_and_blocks(site: Path, code: str, entry: str, said: str) -> None:
    install(site, "brokenwatch", f"[aqboard.checks]\none = {entry}\ntwo = {entry}\n", plug_bad=code)
    suite = installed_suite()
    assert suite[: len(SUITE)] == SUITE
    (told,) = suite[len(SUITE) :]
    finding = judge_one(told, samples.plan(), {})
    assert (finding.check, finding.verdict) == ("plugin.brokenwatch", Verdict.ERROR)
    assert "brokenwatch 1.2" in finding.summary
    assert said in finding.summary
    assert "uninstall brokenwatch" in finding.remedy
    assert assess([told.id], [VerdictLine.of(finding)]).state is State.INCOMPLETE
    assert told.question.endswith("?")


def test_a_probe_that_nobody_can_load_is_told_with_the_package(site: Path) -> None:
    install(site, "halfwatch", "[aqboard.probes]\nmoon = plug_half:PROBE\n", plug_half="raise ValueError('half')")
    _, faults = worker.installed_probes()
    outcome = worker._nobody("moon", faults)
    assert outcome.status == "broke"
    assert "halfwatch 1.2" in outcome.message
    assert "ValueError: half" in outcome.message


def test_no_installed_package_brings_checks_here() -> None:
    assert plugins(CHECKS) == ()
    assert installed_suite() == SUITE


def test_a_builder_that_a_package_offers_is_known_without_importing_it(site: Path) -> None:
    install(site, "fogwatch", "[aqboard.targets]\nfog = plug_fog:build\n", plug_fog="raise ValueError('imported')")
    assert "plug_fog:build" in installed_builders()
    assert "plug_fog" not in sys.modules
