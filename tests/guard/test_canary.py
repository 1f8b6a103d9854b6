"""A canary ends once the last signed look is done, and only a canary does."""

from pathlib import Path

import pytest

from aqboard.domain.job.manifest import GuardSettings
from aqboard.guard.canary import seen_enough
from tests.guard.conftest import Signed
from tests.guard.guarded_training import Case, run
from tests.guard.manifests import manifest
from tests.tiny_launch import TinyLaunch


@pytest.mark.parametrize(
    ("environment", "steps", "over"),
    [({}, 50, False), ({"AQBOARD_CANARY": ""}, 50, False), ({"AQBOARD_CANARY": "1"}, 49, False)]
    + [({"AQBOARD_CANARY": "1"}, steps, True) for steps in (50, 51)],
)
def test_a_canary_is_over_after_the_last_look(tmp_path, environment, steps, over):
    assert seen_enough(manifest(tmp_path, guard=GuardSettings(again_at_steps=(10, 50))), steps, environment) is over


def test_without_further_looks_one_step_is_enough(tmp_path):
    assert seen_enough(manifest(tmp_path, guard=GuardSettings(again_at_steps=())), 1, {"AQBOARD_CANARY": "1"})


def test_a_real_training_ends_well_after_the_last_look(launch: TinyLaunch, tmp_path: Path, signed: Signed) -> None:
    ran = run(Case(folder=tmp_path, launch=launch.folder, canary=True), signed())
    assert ran.codes == (0, 0), ran.logs
    assert ran.verdict is not None
    assert (ran.verdict.state, ran.verdict.step) == ("finished", 3), "12 steps without the canary"
    looks = [(check.when, check.step) for check in ran.verdict.checks]
    assert looks == [("start", 0), ("step", 3), ("validation", 3)], "it validates once before it ends"
