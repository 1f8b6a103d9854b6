"""Does the model see its variables in the order and units that it was trained with?

Channels have no names once they are a tensor: two that changed places, or statistics computed anew from other years,
give fields that look right and mean something else.
"""

from math import isclose

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.data import DataEvidence, DataFacts
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan

SAME = 1e-6
"""Relative difference below which statistics are the same: float32 on the way to a file and back."""


def judge(plan: LaunchPlan, data: DataEvidence) -> Judgement:
    """PASS when variables, order and statistics agree, FAIL when one differs, WARN when one side does not say."""
    launch, trained = data.launch, data.trained
    if launch is None:
        return warned(
            "The target does not say what data the model sees.",
            remedy="Add `data_facts` and `trained_on` to the target; docs/your_own_model.md shows how.",
        )
    if trained is None or not (trained.variables or trained.statistics or trained.statistics_digest):
        return warned(
            "The checkpoint does not say with which variables and statistics it was trained.",
            remedy="Compare them by hand with the training's files, and let the training save them with the model.",
        )
    figures = (
        Measurement(name="variables", value=", ".join(launch.variables), limit=f"trained with {_names(trained)}"),
        Measurement(name="statistics of", value=len(launch.statistics), unit="variables"),
    )
    if trained.variables and launch.variables != trained.variables:
        return failed(
            _order(launch.variables, trained.variables),
            *figures,
            remedy="Give the variables in the order of the training; the model knows channels by number alone.",
        )
    changed = [name for name in launch.variables if _differs(launch, trained, name)]
    if changed:
        return failed(
            f"{len(changed)} of {len(launch.variables)} variables are normalised otherwise than in the training: "
            f"{some([_in_words(launch, trained, name) for name in changed], most=2)}.",
            *figures,
            remedy="Use the statistics file of the training; do not compute it again from other years.",
        )
    if not trained.statistics:
        if not trained.statistics_digest:
            return warned(
                f"{len(launch.variables)} variables in the order of the training; their statistics were not recorded.",
                *figures,
                remedy="Compare the statistics with the training's file by hand.",
            )
        if trained.statistics_digest != launch.statistics_digest:
            return failed(
                "The statistics differ from those of the training; only their digest was recorded, not which.",
                *figures,
                remedy="Use the statistics file of the training.",
            )
    return passed(f"{len(launch.variables)} variables, in the order and with the statistics of the training.", *figures)


def _differs(launch: DataFacts, trained: DataFacts, name: str) -> bool:
    """Whether a variable that both have statistics of is normalised otherwise."""
    now, then = launch.statistics.get(name), trained.statistics.get(name)
    if now is None or then is None:
        return now is not then and bool(trained.statistics)
    if now.transform != then.transform:
        return True
    pairs = ((now.mean, then.mean), (now.std, then.std), (now.offset, then.offset))
    return not all(isclose(a, b, rel_tol=SAME, abs_tol=SAME * then.std) for a, b in pairs)


def _in_words(launch: DataFacts, trained: DataFacts, name: str) -> str:
    def words(facts: DataFacts) -> str:
        one = facts.statistics.get(name)
        if one is None:
            return "nothing"
        moved = f" of log(x + {one.offset:g})" if one.transform == "log" else ""
        return f"mean {one.mean:.4g}, std {one.std:.4g}{moved}"

    return f"{name} by {words(launch)} instead of {words(trained)}"


def _order(now: tuple[str, ...], then: tuple[str, ...]) -> str:
    """What is wrong with a list of variables, by name and place."""
    missing, new = [name for name in then if name not in now], [name for name in now if name not in then]
    if missing or new:
        parts = [f"without {some(missing)}"] * bool(missing) + [f"with {some(new)} besides"] * bool(new)
        return f"The model sees other variables than it was trained with: {' and '.join(parts)}."
    moved = [f"{name} in place of {old}" for name, old in zip(now, then, strict=True) if name != old]
    return f"{len(moved)} of {len(now)} variables are not in their places: {some(moved)}."


def _names(trained: DataFacts) -> str:
    return ", ".join(trained.variables) or "not recorded"


CHECK = Check("data.statistics", "Variables as in training", Stage.DATA, Severity.BLOCKS, (DataEvidence,), judge)
