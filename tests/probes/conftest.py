"""The small launch as a context for probes, with sections of its plan replaced."""

from typing import Any

import pytest

from aqboard.probes import Context
from aqboard.sessions.freeze import freeze
from aqboard.sessions.plan_file import read_plan
from tests.tiny_launch import TinyLaunch


@pytest.fixture
def probing(launch: TinyLaunch) -> Any:
    def make(**sections: Any) -> Context:
        plan, text = read_plan(launch.plan("probed", **sections))
        return Context(freeze(plan, text, ()))

    return make
