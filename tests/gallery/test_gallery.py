"""Broken launches, each made by changing one thing in a working one: the right check finds it, the others keep quiet.

And healthy ones, on which nothing may be found; the foreign model of `examples/` is another (`tests/examples`).
"""

import dataclasses
from typing import Any

import pytest

from aqboard.domain.evidence.kinds import EVIDENCE
from aqboard.domain.finding import Verdict
from aqboard.domain.readiness import State
from tests.gallery.broken import Broken
from tests.gallery.broken_checkpoints import CHECKPOINTS
from tests.gallery.broken_runs import RUNS
from tests.gallery.broken_scans import SCANS
from tests.gallery.running import Gallery

BROKEN = (*CHECKPOINTS, *SCANS, *RUNS)
HEALTHY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a cache with another MD5 and the same orders": {
        "scan": {"cache": "cache_key_order.pkl", "candidates": ["cache.pkl"]},
    },
    "the inner model, with the prefix stripped": {"checkpoint": {"load_into": "inner_model", "strip_prefix": "model."}},
}


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 24
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_the_right_check_finds_it_and_names_the_cause(
    broken: Broken, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = gallery.healthy
    seen = gallery.look(broken.change(gallery.launch, monkeypatch), anew=broken.anew)
    found = seen.findings[broken.finds]
    assert found.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.WARN), seen.told(broken.finds)
    assert broken.says in found.summary, seen.told(broken.finds)
    assert found.remedy
    changed = {check for check, verdict in seen.verdicts.items() if verdict != healthy.verdicts[check]}
    assert changed <= {broken.finds, *broken.follows}, seen.told(*sorted(changed - {broken.finds, *broken.follows}))
    assert seen.readiness.state is broken.state, seen.told()


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_on_a_healthy_launch(name: str, gallery: Gallery) -> None:
    seen = gallery.look(HEALTHY[name]) if HEALTHY[name] else gallery.healthy
    assert seen.readiness.state is State.READY, seen.told()
    alarms = {check for check, verdict in seen.verdicts.items() if verdict in (Verdict.FAIL, Verdict.ERROR)}
    assert not alarms, seen.told(*alarms)


def test_probes_build_on_what_they_say_and_nothing_else(gallery: Gallery) -> None:
    """`--only` measures what a probe builds on; what it asks for without saying so would not be there."""
    assert gallery.healthy
    says = {kind.kind: kind.builds_on for kind in EVIDENCE}
    assert set(gallery.asked) == set(says)
    for probe, asked in gallery.asked.items():
        assert asked <= set(says[probe]), f"{probe} asks for {sorted(asked - set(says[probe]))} without `builds_on`"


def test_every_field_of_a_broken_launch_is_used() -> None:
    """`follows` names checks that exist: a renamed check must not silently widen what is forgiven."""
    from aqboard.checks.suite import SUITE

    known = {check.id for check in SUITE}
    for broken in BROKEN:
        named = {broken.finds, *broken.follows}
        assert named <= known, f"{broken.name}: {sorted(named - known)}"
    assert {field.name for field in dataclasses.fields(Broken)} >= {"finds", "says", "follows", "state"}
