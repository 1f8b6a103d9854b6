"""Was the checkpoint trained with the scan settings that this launch uses?

Weights fit one scan rule and one layout. Measured on the demo model, the wrong layout alone multiplies the first loss
by four, as much as the story's launch lost. The `Provenance` callback writes the settings into every checkpoint.
"""

from pydantic import JsonValue

from aqboard.checks.check import Check, where_wind_orders_tokens
from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.finding import Judgement, Measurement, Severity, Stage, failed, passed, warned
from aqboard.domain.plan import LaunchPlan


def judge(plan: LaunchPlan, checkpoint: CheckpointEvidence) -> Judgement:
    """PASS when rule and layout agree, FAIL when one differs, WARN when the checkpoint does not say."""
    stamp = checkpoint.provenance
    planned: dict[str, JsonValue] = {"scan_rule": plan.wind_scan.rule, "scan_layout": plan.wind_scan.layout}
    if stamp is None:
        return warned(
            "The checkpoint does not say how it was trained: it carries no provenance stamp.",
            remedy="Find the scan settings in the training's logs (`aqboard cache mentions`) and compare them with "
            "the plan by hand. Add the Provenance callback to the training, so that the next checkpoint says it.",
        )
    figures = tuple(
        Measurement(name=key, value=str(value), limit=f"trained with {stamp.get(key)}")
        for key, value in planned.items()
    )
    silent = [key for key in planned if not isinstance(stamp.get(key), str)]
    if silent:
        return warned(
            f"The provenance stamp does not name {' and '.join(silent)}.",
            *figures,
            remedy="Find the missing settings in the training's logs.",
        )
    wrong = [key for key in planned if stamp[key] != planned[key]]
    if wrong:
        told = "; ".join(f"{key.replace('_', ' ')} is {planned[key]}, trained with {stamp[key]}" for key in wrong)
        return failed(
            f"The launch does not scan as the training did: {told}.",
            *figures,
            remedy="; ".join(f"set scan.{key.removeprefix('scan_')} to {stamp[key]}" for key in wrong).capitalize()
            + ".",
        )
    return passed(f"Trained and launched with {plan.wind_scan.rule}, layout {plan.wind_scan.layout}.", *figures)


CHECK = Check(
    "checkpoint.settings",
    "Scan set as in training",
    Stage.CHECKPOINT,
    Severity.BLOCKS,
    (CheckpointEvidence,),
    judge,
    where_wind_orders_tokens,
)
