"""Does every tensor of the checkpoint reach the model?

`load_state_dict(strict=False)` skips what it cannot match, so a half-loaded model still forecasts. In the story the
keys carried the prefix `model.`, all 92 tensors were left out, and nobody was told.
"""

from fnmatch import fnmatchcase

from aqboard.checks.check import Check
from aqboard.checks.words import percent, some
from aqboard.domain.evidence.checkpoint import LoadEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, broke, failed, passed
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, load: LoadEvidence) -> Judgement:
    """PASS when every checkpoint tensor was loaded and only declared ones are missing from the file."""
    if not load.model_tensors or not load.checkpoint_tensors:
        return broke(
            "The model or the checkpoint has no tensors; nothing was compared.", remedy="Check the plan's paths."
        )
    n, total = len(load.loaded), load.checkpoint_tensors
    undeclared = undeclared_missing(load.missing, plan.checkpoint.expected_missing)
    figures = (
        Measurement(name="checkpoint tensors loaded", value=n, limit=f"= {total}"),
        Measurement(name="model tensors", value=load.model_tensors),
        Measurement(
            name="share of the model's parameters", value=round(load.loaded_parameters / load.model_parameters, 6)
        ),
        Measurement(name="missing and not declared", value=len(undeclared), limit="= 0"),
    )
    where = f"{n} of {total} checkpoint tensors reach {load.module}"
    if load.mismatched:
        return failed(
            f"{where}; {len(load.mismatched)} have another shape: {some(load.mismatched)}.",
            *figures,
            remedy=_remedy(load),
        )
    if load.error:
        return failed(f"{where}; loading raises: {_first_line(load.error)}", *figures, remedy=_remedy(load))
    if load.unexpected:
        return failed(
            f"{where}; {len(load.unexpected)} find no place, silently: {some(load.unexpected)}.",
            *figures,
            remedy=_remedy(load),
        )
    if undeclared:
        return failed(
            f"{where}, but {len(undeclared)} tensors of the model stay random: {some(undeclared)}.",
            *figures,
            remedy="If they are new in this model, declare them in checkpoint.expected_missing; if not, "
            "the checkpoint belongs to another model.",
        )
    new = f"; new in this model, as declared: {some(load.missing)}" if load.missing else ""
    share = percent(load.loaded_parameters / load.model_parameters)
    return passed(f"{where}, {share} of its parameters{new}.", *figures)


def undeclared_missing(missing: tuple[str, ...], expected: tuple[str, ...]) -> tuple[str, ...]:
    """Missing tensors that no glob pattern of the plan declares."""
    return tuple(key for key in missing if not any(fnmatchcase(key, pattern) for pattern in expected))


def _remedy(load: LoadEvidence) -> str:
    """What the key alignment proposes, if it found a mapping that fits better than the loader's."""
    fitting, rules = load.alignment.matched, [rule.describe() for rule in load.alignment.rules if not rule.ambiguous]
    if len(fitting) <= len(load.loaded):
        return "No mapping of the keys fits this model: is it the checkpoint of another architecture?"
    return (
        f"{len(fitting)} of {load.checkpoint_tensors} fit with another mapping ({'; '.join(rules) or 'none'}): "
        "load into the module whose keys these are, or rename them as the snippet on the checkpoint page does."
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


CHECK = Check(
    "checkpoint.coverage", "Checkpoint reaches the model", Stage.CHECKPOINT, Severity.BLOCKS, (LoadEvidence,), judge
)
