"""Was the checkpoint trained with the settings that this launch builds the model with?

Shapes do not tell everything: with another number of attention heads every tensor still fits, and computes something
else. Lightning saves a module's settings in the checkpoint, so they can be held against the launch's, one by one. The
scan's settings, the statistics and the periods of the data have checks of their own.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from pydantic import JsonValue

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.checkpoint import ConfigurationEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, found: ConfigurationEvidence) -> Judgement:
    """PASS when all settings that must agree do, FAIL when one differs, WARN when one of the two does not say."""
    if not found.saved:
        return warned(
            "The checkpoint holds no settings of the model that was trained.",
            remedy="Compare the training's configuration with the launch's by hand. Call `save_hyperparameters` in "
            "the module, so that the next checkpoint says it.",
        )
    if not found.launch:
        return warned(
            "The target does not say with which settings it builds the model.",
            remedy="Add `configuration` to the target, or `save_hyperparameters` to its LightningModule; "
            "docs/your_own_model.md shows how.",
        )
    must = [*found.must_agree, *plan.checkpoint.must_agree]
    held = [path for path in found.launch | found.saved if _matches(path, must)]
    held = [path for path in held if not _matches(path, plan.checkpoint.may_differ)]
    wrong = [path for path in held if path in found.launch and path in found.saved and _differ(found, path)]
    silent = [path for path in held if path not in found.saved or path not in found.launch]
    others = [path for path in found.launch if path in found.saved and path not in held and _differ(found, path)]
    figures = (
        Measurement(name="settings that must agree", value=len(held)),
        *(_figure(found, path) for path in (*wrong, *silent, *others)),
    )
    if wrong:
        told = [f"{path} is {_text(found.launch, path)}, trained with {_text(found.saved, path)}" for path in wrong]
        return failed(
            f"The launch builds another model than was trained: {some(told)}.",
            *figures,
            remedy="Set them as in the training; what this launch means to change belongs in checkpoint.may_differ.",
        )
    if silent:
        return warned(
            f"Only one of checkpoint and launch has a value for {some(silent)}.",
            *figures,
            remedy="Find out whether the setting is new, and which value the training's code had in its place.",
        )
    beside = f" Differs and need not agree: {some(others)}." if others else ""
    if not held:
        return _without_a_rule(len(found.launch.keys() & found.saved.keys()), others, figures)
    return passed(f"All {len(held)} settings that must agree do.{beside}", *figures)


def _without_a_rule(common: int, others: list[str], figures: tuple[Measurement, ...]) -> Judgement:
    """Nobody said which settings matter: only a checkpoint that differs in none of them passes."""
    if common and not others:
        return passed(f"All {common} settings that checkpoint and launch both name are equal.", *figures)
    return warned(
        f"No setting was named that must agree; of {common} that both name, {len(others)} differ: {some(others)}."
        if others
        else "Checkpoint and launch have no setting in common.",
        *figures,
        remedy="Name the settings that shape the model in checkpoint.must_agree, or in the target's `must_agree`.",
    )


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _differ(found: ConfigurationEvidence, path: str) -> bool:
    """1 and 1.0 are the same setting, 1 and True are not."""
    launch, saved = found.launch[path], found.saved[path]
    return launch != saved or isinstance(launch, bool) != isinstance(saved, bool)


def _text(settings: Mapping[str, JsonValue], path: str) -> str:
    return str(settings[path]) if path in settings else "not set"


def _figure(found: ConfigurationEvidence, path: str) -> Measurement:
    return Measurement(name=path, value=_text(found.launch, path), limit=f"trained with {_text(found.saved, path)}")


CHECK = Check(
    "checkpoint.configuration",
    "Model built as in training",
    Stage.CHECKPOINT,
    Severity.BLOCKS,
    (ConfigurationEvidence,),
    judge,
)
