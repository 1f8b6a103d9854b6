"""Check a plan: freeze it, have it measured and judged, and wait for that."""

from collections.abc import Callable, Collection
from pathlib import Path

from aqboard.checks.plugins import installed_suite
from aqboard.checks.selection import left_out, refuse_unknown
from aqboard.domain.attempt import Attempt, NodeBilling
from aqboard.domain.errors import LaunchError, PlanError
from aqboard.domain.plan import LaunchPlan
from aqboard.launch.profile import load_profile
from aqboard.readers import guarded
from aqboard.readers.errors import ReadError
from aqboard.sessions.control import Listener, follow, start
from aqboard.sessions.freeze import freeze
from aqboard.sessions.ingest import Patience, Say
from aqboard.sessions.plan_file import read_plan
from aqboard.store import Store, StoredAttempt

__all__ = ["Listener", "check", "prepare"]


def prepare(
    plan_file: Path,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    say: Say = lambda _: None,
) -> Attempt:
    """Read and freeze a plan; raises PlanError before anything is stored.

    The checkpoint and the plan's cache must be readable: a torn copy or a text file in their place is told at once,
    like a typo, and not after minutes of checks that could not ask anything.

    `only`, `skip`: ids of checks to ask alone, or to leave out. An attempt without a check that blocks is not READY.
    """
    suite = installed_suite()
    plan, text = read_plan(plan_file)
    refuse_unknown(suite, plan)
    without = left_out(suite, only, skip)
    attempt = freeze(plan, text, [check.id for check in suite], left_out=without, progress=say)
    _require_readable(plan, say)
    return attempt.model_copy(update={"billing": _billing(plan.cluster.profile)})


def _require_readable(plan: LaunchPlan, say: Callable[[str], None]) -> None:
    """Raise PlanError, with the reader's own code and sentence, for a file that no check could look into."""
    readers: list[tuple[str, Path, Callable[[Path], object]]] = [
        ("checkpoint.path", plan.checkpoint.path, guarded.summarise_checkpoint)
    ]
    if plan.scan is not None:
        readers.append(("scan.cache", plan.scan.cache, guarded.inspect_cache))
    for key, path, read in readers:
        say(f"opening {path.name}")
        try:
            read(path)
        except ReadError as error:
            raise PlanError(f"{key}: {error.message}", code=error.code) from None


def check(
    attempt: Attempt, store: Store, *, listen: Listener = lambda _: None, say: Say = lambda _: None
) -> StoredAttempt:
    """Run the suite that the attempt was prepared for on this machine, and wait for it.

    It runs in a session (`workflow.sessions`), which goes on when this call is interrupted. `say` is told when the
    database keeps it waiting.
    """
    row = start(store, attempt)
    follow(store, row, listen=listen, patience=Patience(say=say))
    return store.attempt(row.attempt)


def _billing(profile: str) -> NodeBilling | None:
    """What a node-hour costs; None where nobody has said so, which keeps no launch from being checked."""
    try:
        billing = load_profile(profile).billing
    except LaunchError:
        return None
    return NodeBilling(unit=billing.unit, per_node_hour=billing.per_node_hour) if billing else None
