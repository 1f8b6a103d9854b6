"""The small launch, measured as the probes measure it, and the manifest that a GO on it would write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.job.manifest import GuardSettings, LaunchManifest
from aqboard.domain.signing.signoff import Decision, SignOff
from aqboard.guard.build import build_manifest
from tests import samples
from tests.tiny_launch import TinyLaunch

SEAL = "5" * 64
Signed = Callable[..., LaunchManifest]


@pytest.fixture(scope="session")
def measured(launch: TinyLaunch) -> tuple[Any, Any, Any]:
    """(attempt, loss, cache): the plan frozen, and the evidence that real probes give."""
    from aqboard.probes import Context, cache, checkpoint, first_loss, load
    from aqboard.sessions.freeze import freeze
    from aqboard.sessions.plan_file import read_plan

    cluster = {**samples.plan_document()["cluster"], "nodes": 1, "gpus_per_node": 2}
    plan, text = read_plan(launch.plan("guarded", cluster=cluster))
    context = Context(freeze(plan, text, ()))
    for probe in (checkpoint, cache, load, first_loss):
        context.remember(probe.measure(context))
    return context.attempt, context.known(first_loss.LossEvidence), context.known(cache.CacheEvidence)


@pytest.fixture
def signed(measured: tuple[Any, Any, Any], tmp_path: Path) -> Signed:
    """The manifest of the small launch in `tmp_path`; keyword arguments change its fields."""
    attempt, loss, cache = measured

    def make(folder: Path = tmp_path, *, guard: GuardSettings | None = None, **changes: Any) -> LaunchManifest:
        approval = SignOff(attempt=attempt.uid, person="Ada", decision=Decision.GO, seal=SEAL, created_at=samples.WHEN)
        guard = guard or GuardSettings(again_at_steps=(3,), poll_s=0.05)
        manifest = build_manifest(attempt, 1, [approval], folder, samples.WHEN, loss=loss, cache=cache, guard=guard)
        return LaunchManifest.model_validate({**manifest.model_dump(), **changes})

    return make
