"""Which setting explains the gap between the first loss and the baseline?

The same batches are measured with one thing changed at a time: weights, cache, scan rule, layout, new parameters,
mode, precision. The smallest change that closes the gap is named, and what each would cost. A loss is a hint: where
several changes close the gap, all are named; where none does, that is said.
"""

from aqboard.checks.check import Check
from aqboard.checks.words import MEASURE_AGAIN, loss, some, too_few
from aqboard.domain.attribution import NOISE, Explanation, Factor, Setting, Tried, explain, find, neighbours
from aqboard.domain.baseline import band
from aqboard.domain.evidence.loss import AttributionEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan

NAMES: dict[Factor, str] = {
    "weights": "weights",
    "cache": "scan cache",
    "rule": "scan rule",
    "layout": "scan layout",
    "new_parameters": "new parameters",
    "mode": "mode",
    "precision": "precision",
}
REMEDIES: dict[Factor, str] = {
    "weights": "load every tensor into its place (see “Checkpoint reaches the model”)",
    "cache": "set scan.cache to {0}",
    "rule": "set scan.rule to {0}",
    "layout": "set scan.layout to {0}",
    "new_parameters": "start the new parameters at the values where they do nothing",
    "mode": "the baseline's loss was measured in {0} mode: measure it again",
    "precision": "the baseline's loss was measured in {0}: measure it again",
}
UNIT = "times the loss beside it"


def judge(plan: LaunchPlan, seen: AttributionEvidence) -> Judgement:
    """PASS when there is no gap, FAIL when one or two changes explain it, WARN when nothing does.

    The gap is held against the same limit as in `loss.first`; SKIP where no limit can be given.
    """
    planned = find(seen.tried, seen.planned)
    if planned is None:
        return broke("The loss as planned was not measured.", remedy="Run the checks again.")
    if len(seen.tried) < 2:
        return skipped("Nothing could be changed about this model, so nothing was compared.")
    allowed = band(plan.baseline)
    if allowed is None:
        return skipped(f"{loss(planned.mean)}, but {too_few(plan.baseline)}", remedy=MEASURE_AGAIN).model_copy(
            update={"measurements": _figures(seen, planned, None)}
        )
    if planned.mean <= allowed.limit:
        dearest = _dearest(seen, planned)
        return passed(f"No gap: {loss(planned.mean)} as planned. {dearest}".rstrip(), *_figures(seen, planned, None))
    if planned.mean <= allowed.baseline * (1 + NOISE):
        return warned(
            f"{loss(planned.mean)} is above the limit of {loss(allowed.limit)}, but within {100 * NOISE:.0f} % of the "
            f"baseline ({loss(allowed.baseline)}): differences that small mean nothing here, so no setting is named.",
            *_figures(seen, planned, None),
            remedy="If so small a difference does not matter, allow it in the plan's baseline (tolerance, or "
            "measurements); otherwise fix the failed checks above first.",
        )
    found = explain(planned, seen.tried, seen.reference, allowed.limit)
    figures = _figures(seen, planned, found)
    gap = f"{loss(planned.mean)} is {planned.mean / allowed.baseline:.1f} times the baseline"
    if found is None:
        best = min(seen.tried, key=lambda row: row.estimate(planned))
        return warned(
            f"{gap}, and none of {len(seen.tried)} settings explains it; the best gives "
            f"{loss(best.estimate(planned))} ({_changes(best.setting, seen.planned) or 'as planned'}).",
            *figures,
            remedy="Something else differs from the baseline's run: data, normalisation, period, code, or the "
            "checkpoint itself.",
        )
    return failed(f"{gap}. {_explained(found, seen.planned)}", *figures, remedy=_remedy(found, seen.planned))


def _explained(found: Explanation, planned: Setting) -> str:
    text = f"Explained by {_changes(found.row.setting, planned)}: with that, {loss(found.loss)}."
    if found.others:
        others = [_changes(row.setting, planned) for row in found.others]
        text += f" The loss alone cannot tell this from {' or '.join(others)}."
    return text


def _remedy(found: Explanation, planned: Setting) -> str:
    texts = [REMEDIES[factor].format(found.row.setting.value(factor)) for factor in found.factors]
    text = "; ".join(texts)
    return f"{text[0].upper()}{text[1:]}."


def _changes(setting: Setting, planned: Setting) -> str:
    """`weights (keys mapped instead of as loaded) and scan layout (...)`."""
    return " and ".join(
        f"{NAMES[factor]} ({setting.value(factor)} instead of {planned.value(factor)})"
        for factor in setting.differs_from(planned)
    )


def _dearest(seen: AttributionEvidence, base: Tried) -> str:
    """What mistakes would cost, the dearest first; ratios within noise are not told apart."""
    costs = [(ratio, factor, row) for factor, row, ratio in neighbours(seen.tried, base) if ratio > 1 + NOISE]
    costs.sort(key=lambda item: -item[0])
    told = [f"{NAMES[factor]} {row.setting.value(factor)} x{ratio:.1f}" for ratio, factor, row in costs]
    return f"What would cost most: {some(told)}." if told else ""


def _figures(seen: AttributionEvidence, planned: Tried, found: Explanation | None) -> tuple[Measurement, ...]:
    """The table: the plan, what explains it, the plan's neighbours, the training's setting and its neighbours."""
    rows = [_row("as planned", planned)]
    if found is not None:
        rows.append(_row(f"with {_changes(found.row.setting, seen.planned)}", found.row))
    rows += _beside(seen, planned, "as planned")
    reference = find(seen.tried, seen.reference)
    if reference is not None and reference is not planned:
        rows.append(_row("as trained", reference))
        rows += _beside(seen, reference, "as trained")
    return (*rows, *(_row_refused(refused.setting, seen.planned, refused.error) for refused in seen.refused))


def _beside(seen: AttributionEvidence, base: Tried, name: str) -> list[Measurement]:
    return [
        Measurement(
            name=f"{name}, but {NAMES[factor]} {row.setting.value(factor)}",
            value=round(ratio, 3),
            unit=UNIT,
            limit=f"{loss(row.mean)} on {sum(row.samples)} samples",
        )
        for factor, row, ratio in neighbours(seen.tried, base)
    ]


def _row(name: str, row: Tried) -> Measurement:
    samples = f"{sum(row.samples)} samples"
    return Measurement(name=name, value=round(row.mean, 6), unit="masked MSE, normalised", limit=samples)


def _row_refused(setting: Setting, planned: Setting, error: str) -> Measurement:
    return Measurement(name=_changes(setting, planned), value="not measured", limit=error[:200])


CHECK = Check("loss.attribution", "What explains the loss", Stage.LOSS, Severity.WARNS, (AttributionEvidence,), judge)
