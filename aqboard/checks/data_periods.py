"""Is the model validated on data that it was not trained on, and on the baseline's?

A validation year that is also a training year makes any loss look good, the checkpoint's own training years included.
A loss on other samples than the baseline's cannot be held against the baseline.
"""

from collections.abc import Sequence

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.data import DataEvidence, Period
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, data: DataEvidence) -> Judgement:
    """PASS when no period overlaps and the validation set is the baseline's, WARN when that cannot be told."""
    launch, trained = data.launch, data.trained
    if launch is None or not launch.validation:
        return warned(
            "The target does not say from when the data is.",
            remedy="Add `data_facts` with `train` and `validation` to the target; docs/your_own_model.md shows how.",
        )
    figures = [
        Measurement(name="training", value=words(launch.train)),
        Measurement(name="validation", value=words(launch.validation)),
    ]
    if trained:
        figures.append(Measurement(name="the checkpoint's training", value=words(trained.train)))
        figures.append(Measurement(name="the baseline's validation", value=words(trained.validation)))
    if shared := overlap(launch.validation, launch.train):
        return failed(
            f"Training and validation overlap: {shared}.",
            *figures,
            remedy="Take the validation period out of the training's.",
        )
    if trained and (shared := overlap(launch.validation, trained.train)):
        return failed(
            f"The checkpoint was trained on what the launch validates on: {shared}.",
            *figures,
            remedy="Validate on a period that neither training has seen.",
        )
    if trained is None or not trained.validation:
        return warned(
            "Training and validation do not overlap; which data the baseline was validated on is not recorded.",
            *figures,
            remedy="Make sure that baseline.val_loss was computed on this validation period.",
        )
    others = [
        f"{name} {launch.selection.get(name)} instead of {value}"
        for name, value in trained.selection.items()
        if launch.selection.get(name) != value
    ]
    if set(launch.validation) != set(trained.validation):
        others.insert(0, f"{words(launch.validation)} instead of {words(trained.validation)}")
    if others:
        return warned(
            f"The launch does not validate on the baseline's samples: {some(others)}.",
            *figures,
            remedy="Validate as the baseline did, or measure the baseline again on these samples and put that into "
            "baseline.val_loss.",
        )
    return passed(
        f"Trained on {words(launch.train)}, validated on {words(launch.validation)} as the baseline was; "
        "no day in both.",
        *figures,
    )


def overlap(validation: Sequence[Period], train: Sequence[Period]) -> str:
    """The first few periods of the validation that share days with the training, in words; empty when none does."""
    return some([v.words for v in validation if any(v.overlaps(t) for t in train)])


def words(periods: Sequence[Period]) -> str:
    """Periods in order, years that follow each other as `2007 to 2018`."""
    runs: list[Period] = []
    for period in sorted(periods, key=lambda p: p.first):
        if runs and (period.first - runs[-1].last).days == 1:
            runs[-1] = Period(first=runs[-1].first, last=period.last)
        else:
            runs.append(period)
    return some([_run(run) for run in runs], most=6) or "not known"


def _run(run: Period) -> str:
    years = (run.first.month, run.first.day, run.last.month, run.last.day) == (1, 1, 12, 31)
    return f"{run.first.year} to {run.last.year}" if years and run.first.year < run.last.year else run.words


CHECK = Check("data.periods", "Training and validation apart", Stage.DATA, Severity.BLOCKS, (DataEvidence,), judge)
