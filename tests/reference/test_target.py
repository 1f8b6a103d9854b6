"""The reference model as a target: what a plan must say for it."""

import pytest
from aqboard_reference.target import ReferenceTarget

from aqboard.api import TargetError
from tests import samples


def test_a_plan_without_the_trainings_configuration_is_refused():
    with pytest.raises(TargetError, match=r"target\.config is missing"):
        ReferenceTarget(samples.plan(target={"builder": samples.REFERENCE}))


def test_a_plan_without_a_scan_is_refused():
    with pytest.raises(TargetError, match="section `scan` is missing"):
        ReferenceTarget(samples.plan(scan=None))
