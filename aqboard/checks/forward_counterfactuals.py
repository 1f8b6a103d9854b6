"""Does the forecast depend on what it should, and on nothing else?

A variable that never reaches the model costs skill and raises no error; new parameters that are not neutral move the
start of a fine-tuning (`elevation_alpha` 0.01 instead of 0 moved a first val_loss from 0.36 to 1.75). One thing is
changed at a time; the plan's section `expectations` says what should follow.
"""

from collections.abc import Sequence
from math import isfinite

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.forward import CounterfactualEvidence, ForwardChange
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, warned
from aqboard.domain.plan import Answer, ExpectationsPlan, LaunchPlan

UNCHANGED = 1e-5
"""Share of the forecast's standard deviation; float32 rounding alone moves it by about 1e-6."""

UNIT = "of the forecast's standard deviation"


def judge(plan: LaunchPlan, seen: CounterfactualEvidence) -> Judgement:
    """PASS when everything that should change the forecast does, and nothing else; `unknown` is not judged."""
    if not seen.changes:
        return broke("Nothing was changed, so nothing is known.", remedy="The target's `variations` gives none.")
    asked = [(change, expected(plan.expectations, seen, change.name)) for change in seen.changes]
    figures = tuple(_figure(change, answer) for change, answer in asked)
    blind = [c.name for c, answer in asked if answer == "yes" and c.effect is not None and c.effect <= UNCHANGED]
    moved = [c for c, answer in asked if answer == "no" and c.effect is not None and c.effect > UNCHANGED]
    if blind or moved:
        return failed(_in_words(blind, moved), *figures, remedy=_remedy(blind, moved))
    unclear = [c for c, answer in asked if answer != "unknown" and (c.effect is None or not isfinite(c.effect))]
    if unclear:
        causes = [f"{change.name} ({change.error or 'the forecast is not finite'})" for change in unclear]
        return warned(
            f"What {len(unclear)} of {len(asked)} changes do could not be seen: {some(causes)}.",
            *figures,
            remedy="Mend what the model says, or answer `unknown` in the plan's `expectations`.",
        )
    strangers = [name for name in plan.expectations.variables if name not in seen.variables]
    if strangers:
        return warned(
            f"The plan expects something of {some(strangers)}, which the model does not have.",
            *figures,
            remedy=f"In expectations.variables, name variables of the model: {', '.join(seen.variables)}.",
        )
    return passed(f"{len(asked)} things changed one at a time, and the forecast follows as the plan expects.", *figures)


def expected(expectations: ExpectationsPlan, seen: CounterfactualEvidence, name: str) -> Answer:
    """Whether the forecast should change with `name`."""
    if name in seen.variables:
        return expectations.variables.get(name, "yes")
    answer: Answer = getattr(expectations, name, "unknown")
    return answer


def _in_words(blind: Sequence[str], moved: Sequence[ForwardChange]) -> str:
    parts = []
    if blind:
        parts.append(f"The forecast does not change with {some(blind, 6)}, and should.")
    parts += [f"It changes with {c.name} by {c.effect:.2g} {UNIT}, and should not." for c in moved]
    return " ".join(parts)


def _remedy(blind: Sequence[str], moved: Sequence[ForwardChange]) -> str:
    lines = []
    if blind:
        lines.append(
            "Follow the input into the model: is it read at all, in its own place and unit, and are its weights loaded?"
        )
    if any(change.name == "new_parameters" for change in moved):
        lines.append("Start the new parameters at the value where they do nothing (elevation_alpha 0).")
    return " ".join([*lines, "If the plan expects the wrong thing, correct its section `expectations`."])


def _figure(change: ForwardChange, answer: Answer) -> Measurement:
    value: float | str = round(change.effect, 6) if change.effect is not None else "refused"
    return Measurement(name=change.name, value=value, unit=UNIT, limit=f"should change: {answer}")


CHECK = Check(
    "forward.counterfactuals",
    "Forecast depends on what it should",
    Stage.FORWARD,
    Severity.WARNS,
    (CounterfactualEvidence,),
    judge,
)
