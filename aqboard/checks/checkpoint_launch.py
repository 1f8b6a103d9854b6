"""Did the launch that made the checkpoint train what was signed for it?

A guarded training stamps its checkpoints with the attempt and seal it was launched under, what was signed for it, and
what the module said of itself when it saved. Where the two differ, or where the `Provenance` stamp says something else,
the next launch would begin from something nobody decided on. The history of attempts says whether that seal was given.
"""

from collections.abc import Mapping

from pydantic import JsonValue

from aqboard.checks.check import Check
from aqboard.checks.words import some
from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, skipped, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, checkpoint: CheckpointEvidence) -> Judgement:
    """PASS when the stamp agrees with itself, FAIL when a setting differs from what was signed, SKIP without one."""
    stamp = checkpoint.launch
    if stamp is None:
        return skipped(
            "The checkpoint carries no launch stamp: it was not made under the launch guard.",
            remedy="Nothing to do for this launch; its own checkpoints will carry one.",
        )
    signed, facts, ranks = _mapping(stamp.get("signed")), _mapping(stamp.get("facts")), stamp.get("ranks")
    figures = (
        Measurement(name="attempt", value=str(stamp.get("number", "not named")), unit=str(stamp.get("attempt", ""))),
        Measurement(name="seal", value=str(stamp.get("seal", "not named"))),
        Measurement(name="ranks", value=str(ranks), limit=f"signed for {stamp.get('ranks_signed')}"),
        *(Measurement(name=name, value=str(facts.get(name)), limit=f"signed {signed[name]}") for name in signed),
    )
    if not isinstance(stamp.get("attempt"), str) or not isinstance(stamp.get("seal"), str):
        return warned(
            "The launch stamp names no attempt or no seal, so nothing can be held against it.",
            *figures,
            remedy="Find out what wrote the stamp; the guard always names both.",
        )
    wrong = [
        f"{name} is {facts.get(name)}, signed was {value}" for name, value in signed.items() if facts.get(name) != value
    ]
    wrong += _contradictions(facts, checkpoint.provenance or {})
    if ranks != stamp.get("ranks_signed"):
        wrong.append(f"it ran on {ranks} ranks, signed were {stamp.get('ranks_signed')}")
    by = f"attempt {stamp.get('number')}, seal {str(stamp['seal'])[:12]}"
    if wrong:
        return failed(
            f"The checkpoint's training was not what was signed ({by}): {some(wrong)}.",
            *figures,
            remedy="Ask the people who launched it, and start from a checkpoint of a launch that was as signed.",
        )
    return passed(f"Made by a launch that was as signed: {by}, step {stamp.get('step')}.", *figures)


def _contradictions(facts: Mapping[str, JsonValue], provenance: Mapping[str, JsonValue]) -> list[str]:
    """What the two stamps say differently."""
    said = {
        "scan_rule": provenance.get("scan_rule"),
        "scan_layout": provenance.get("scan_layout"),
        "scan_cache": _mapping(provenance.get("scan_cache")).get("content"),
    }
    return [
        f"{name} is {facts[name]}, the Provenance stamp says {value}"
        for name, value in said.items()
        if value is not None and name in facts and facts[name] != value
    ]


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


CHECK = Check(
    "checkpoint.launch",
    "Made by a signed launch",
    Stage.CHECKPOINT,
    Severity.WARNS,
    (CheckpointEvidence,),
    judge,
)
