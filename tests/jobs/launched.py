"""Sample attempts that are READY, and a GO on them."""

from pathlib import Path

from aqboard.domain.plan import LaunchPlan
from aqboard.domain.signing.signoff import Decision
from aqboard.signing.decide import decide
from aqboard.store import Store
from tests.sample_attempts import add_attempt, fixed_evidence, sample_plan


def attempt(store: Store, **job: object) -> int:
    """A READY attempt whose job is changed by `job`."""
    plan = sample_plan(store.path.parent / "in")
    plan = LaunchPlan.model_validate({**plan.model_dump(), "cluster": {**plan.cluster.model_dump(), **job}})
    return add_attempt(store, plan, fixed_evidence(plan))


def go(store: Store, number: int, person: str = "Ada") -> Path:
    script = decide(store, number, person=person, decision=Decision.GO).script
    assert script is not None
    return Path(script.path)
