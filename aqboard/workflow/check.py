"""Check a plan: freeze it, measure, judge, and store every step as soon as it is known."""

from collections.abc import Callable, Collection
from pathlib import Path

from aqboard.artefacts import guarded
from aqboard.artefacts.errors import ReadError
from aqboard.checks import Check
from aqboard.domain.attempt import Attempt, NodeBilling
from aqboard.domain.errors import LaunchError, PlanError, StoreError
from aqboard.domain.outcome import ProbeOutcome
from aqboard.domain.plan import LaunchPlan
from aqboard.launch.profile import load_profile
from aqboard.runner.events import Ended, Event
from aqboard.runner.freeze import freeze
from aqboard.runner.judge import judge_all
from aqboard.runner.local import run_probes
from aqboard.runner.plan_file import read_plan
from aqboard.runner.plugins import installed_suite
from aqboard.runner.selection import left_out, limits, probes_needed, refuse_unknown
from aqboard.store import Store, StoredAttempt

Listener = Callable[[Event], None]


def prepare(
    plan_file: Path,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    say: Callable[[str], None] = lambda _: None,
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


def check(attempt: Attempt, store: Store, *, listen: Listener = lambda _: None) -> StoredAttempt:
    """Run the suite that the attempt was prepared for.

    Outcomes are stored one by one, so an interruption loses the probe at work and nothing else; the attempt then
    has no findings, and reads as not run.
    """
    folder = _made(session_folder(store.path, attempt))
    number = store.add_attempt(attempt)
    suite, plan = _suite_of(attempt), attempt.plan
    probes = probes_needed(suite, plan, attempt.left_out)
    outcomes: dict[str, ProbeOutcome] = {}
    for event in run_probes(attempt, folder, probes, limits=limits(suite, plan)):
        if isinstance(event, Ended):
            outcomes[event.outcome.probe] = event.outcome
            store.add_outcome(attempt.uid, event.outcome)
        listen(event)
    store.add_findings(attempt.uid, judge_all(suite, plan, outcomes, attempt.left_out))
    return store.attempt(number)


def _suite_of(attempt: Attempt) -> tuple[Check, ...]:
    return tuple(check for check in installed_suite() if check.id in attempt.checks)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder {folder} for this session cannot be made: {error.strerror}.") from None
    return folder


def _billing(profile: str) -> NodeBilling | None:
    """What a node-hour costs; None where nobody has said so, which keeps no launch from being checked."""
    try:
        billing = load_profile(profile).billing
    except LaunchError:
        return None
    return NodeBilling(unit=billing.unit, per_node_hour=billing.per_node_hour) if billing else None


def session_folder(database: Path, attempt: Attempt) -> Path:
    """Where the events and the log of an attempt's probes lie: beside the database, `sessions/UID`."""
    return database.parent / "sessions" / attempt.uid
