"""From what all ranks say to one outcome. Pure, so that every rank decides the same, and a test needs no ranks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from aqboard.domain.job.guard_verdict import GuardCheck, Stop
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.rows import COMPARED, SHARDED, RankRow, share

AGREE = 1e-3
"""Relative difference that ranks with equal weights may show on one batch: kernels sum in different orders."""
NAMED = 20
"""Ranks at fault that are listed by number."""


@dataclass(frozen=True)
class Look:
    """What was looked at: when, after which step, and whether the loss is that of the signed samples."""

    when: Literal["start", "step", "validation"]
    step: int
    resumed: bool = False
    """The training goes on from a later checkpoint than was signed."""
    same_samples: bool = True
    """The loss was measured on the manifest's subset."""


@dataclass(frozen=True)
class GuardOutcome:
    """What was found. Without `stop` the training goes on."""

    check: GuardCheck
    stop: Stop | None = None
    reason: str = ""
    quantity: str = ""
    observed: float | None = None
    limit: float | None = None
    ranks: tuple[int, ...] = ()


def judge(manifest: LaunchManifest, look: Look, rows: Sequence[RankRow]) -> GuardOutcome:
    """The first fault in the order in which one explains the next: broken, setting, NaN, weights, loss, pace."""
    check = _figures(manifest, look, rows)
    for question in (
        _said,
        _all_measured,
        _loss_is_finite,
        _weights_are_equal,
        _ranks_agree,
        _loss_is_in_band,
        _pace_is_kept,
    ):
        if found := question(manifest, look, rows, check):
            return found
    return GuardOutcome(check)


def _figures(manifest: LaunchManifest, look: Look, rows: Sequence[RankRow]) -> GuardCheck:
    band, states = manifest.band, {row.weights for row in rows}
    low = limit = loss = None
    samples = 0
    if any(row.losses for row in rows):
        loss, samples = _mean(manifest, look, rows)
        if band is not None:
            exact = look.when == "start" and look.same_samples
            limit = band.limit if exact else band.limit * manifest.guard.growth
            low = band.low if exact and not look.resumed else None
    slowest = max(row.batch_s for row in rows)
    timed = slowest > 0
    return GuardCheck(
        when=look.when,
        step=look.step,
        loss=loss,
        low=low,
        limit=limit,
        samples=samples,
        weights=_weights(rows) if states == {COMPARED} else "sharded" if SHARDED in states else "not compared",
        step_s=slowest if timed else None,
        step_limit_s=manifest.pace.seconds_per_batch * manifest.guard.slower if timed and manifest.pace else None,
    )


def _weights(rows: Sequence[RankRow]) -> Literal["equal", "differ"]:
    return "equal" if len({row.digest for row in rows}) == 1 else "differ"


def _mean(manifest: LaunchManifest, look: Look, rows: Sequence[RankRow]) -> tuple[float, int]:
    """Mean over samples, each batch of the subset counted once however many ranks took it."""
    if look.when == "validation" or not look.same_samples or manifest.band is None:
        pairs = [pair for row in rows for pair in row.losses]
        weights = [max(1, samples) for _, samples in pairs]
        return _weighted([loss for loss, _ in pairs], weights), sum(samples for _, samples in pairs)
    batches = manifest.band.subset.batches
    taken = _by_batch(batches, rows)
    each = ([loss for _, loss in taken[i]] for i in range(len(batches)))
    means = [_weighted(losses, [1] * len(losses)) if losses else nan for losses in each]
    return _weighted(means, batches), sum(batches)


def _weighted(losses: Sequence[float], weights: Sequence[int]) -> float:
    """The weighted mean of any floats: not by `fmean`, which raises for infinities and for sums beyond a float."""
    whole = sum(weights)
    return sum(loss * (weight / whole) for loss, weight in zip(losses, weights, strict=True))


def _by_batch(batches: Sequence[int], rows: Sequence[RankRow]) -> dict[int, list[tuple[int, float]]]:
    """(rank, loss) of each batch."""
    taken: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for rank, row in enumerate(rows):
        for batch, (loss, _) in zip(share(rank, len(rows), batches), row.losses, strict=False):
            taken[batch].append((rank, loss))
    return taken


def _said(_: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck) -> GuardOutcome | None:
    """A rank that says itself what is wrong."""
    codes = [row.code for row in rows if row.code]
    if not codes:
        return None
    code = Stop(min(codes))
    ranks = tuple(rank for rank, row in enumerate(rows) if row.code == code)
    return GuardOutcome(check, code, f"{_on(ranks, rows)}: {rows[ranks[0]].text}", ranks=ranks[:NAMED])


def _all_measured(
    manifest: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    """A loss that was to be measured and was not is no loss that passed."""
    if manifest.band is None or look.when == "validation":
        return None
    places = len(share(0, len(rows), manifest.band.subset.batches))
    ranks = tuple(rank for rank, row in enumerate(rows) if len(row.losses) != places)
    if not ranks:
        return None
    reason = f"{_on(ranks, rows)}: no {manifest.band.metric} was measured {_when(look)}, and nothing says why."
    return GuardOutcome(check, Stop.BROKEN, reason, manifest.band.metric, ranks=ranks[:NAMED])


def _loss_is_finite(
    manifest: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    ranks = tuple(rank for rank, row in enumerate(rows) if not all(isfinite(loss) for loss, _ in row.losses))
    if not ranks:
        return None
    metric = _metric(manifest)
    observed = next(loss for loss, _ in rows[ranks[0]].losses if not isfinite(loss))
    reason = (
        f"{_on(ranks, rows)}: {metric} {_when(look)} is {observed}. Look for NaN in the weights and in the data; "
        "the checks checkpoint.healthy and data.statistics say where."
    )
    return GuardOutcome(check, Stop.NOT_FINITE, reason, metric, observed, ranks=ranks[:NAMED])


def _weights_are_equal(
    _: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    if check.weights != "differ":
        return None
    ranks = tuple(rank for rank, row in enumerate(rows) if row.digest != rows[0].digest)
    cause = " Was the checkpoint loaded on rank 0 only?" if len(ranks) == len(rows) - 1 and look.when == "start" else ""
    reason = (
        f"{len(ranks)} of {len(rows)} ranks hold other weights than rank 0 {_when(look)}.{cause} "
        "Load on every rank, before the strategy wraps the model."
    )
    distinct = len({row.digest for row in rows})
    return GuardOutcome(check, Stop.WEIGHTS_DIFFER, reason, "distinct sets of weights", distinct, 1, ranks[:NAMED])


def _ranks_agree(
    manifest: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    """Equal weights and equal samples give equal losses, unless a setting differs."""
    if manifest.band is None or look.when == "validation" or not look.same_samples or check.weights != "equal":
        return None
    for taken in _by_batch(manifest.band.subset.batches, rows).values():
        first = taken[0][1]
        if ranks := tuple(rank for rank, loss in taken if abs(loss - first) > AGREE * abs(first)):
            reason = (
                f"{_on(ranks, rows)}: the same samples give another {manifest.band.metric} than on rank "
                f"{taken[0][0]}, though the weights are equal. A setting differs between the ranks, such as the scan "
                "cache or a file on a node's own disk."
            )
            observed = next(loss for rank, loss in taken if rank == ranks[0])
            return GuardOutcome(check, Stop.CONFIGURATION, reason, manifest.band.metric, observed, first, ranks[:NAMED])
    return None


def _loss_is_in_band(
    manifest: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    band, loss = manifest.band, check.loss
    if band is None or loss is None:
        return None
    if check.limit is not None and loss > check.limit:
        reason = (
            f"{band.metric} {_when(look)} is {loss:.4f}, {loss / band.measured:.1f} times the {band.measured:.4f} that "
            f"was measured before the sign-off (limit {check.limit:.4f}). "
        ) + (
            "The job does not start from what was signed: see how the training loads the checkpoint, and its scan "
            "settings."
            if look.when == "start"
            else "The training leads away from the baseline: see the learning rate and the optimizer's state."
        )
        return GuardOutcome(check, Stop.BASELINE, reason, band.metric, loss, check.limit)
    if check.low is not None and loss < check.low:
        reason = (
            f"{band.metric} {_when(look)} is {loss:.4f}, below the {band.measured:.4f} that was measured before the "
            f"sign-off (at least {check.low:.4f}). Better is not what was signed either: see which checkpoint and "
            "which validation data the job uses."
        )
        return GuardOutcome(check, Stop.BASELINE, reason, band.metric, loss, check.low)
    return None


def _pace_is_kept(
    manifest: LaunchManifest, look: Look, rows: Sequence[RankRow], check: GuardCheck
) -> GuardOutcome | None:
    slowest, limit = check.step_s, check.step_limit_s
    if manifest.pace is None or slowest is None or limit is None or slowest <= limit:
        return None
    ranks = tuple(rank for rank, row in enumerate(rows) if row.batch_s > limit)
    reason = (
        f"{_on(ranks, rows)}: a batch takes {slowest:.3g} s, {manifest.pace.seconds_per_batch:.3g} s were expected "
        f"({manifest.pace.source}; limit {limit:.3g} s). See data loading, CPU binding and the network interfaces."
    )
    return GuardOutcome(check, Stop.SLOW, reason, "seconds per batch", slowest, limit, ranks[:NAMED])


def _metric(manifest: LaunchManifest) -> str:
    return manifest.band.metric if manifest.band else "val_loss"


def _when(look: Look) -> str:
    return "before the first step" if look.when == "start" else f"after step {look.step}"


def _on(ranks: Sequence[int], rows: Sequence[RankRow]) -> str:
    """Where something was seen, in words."""
    if len(ranks) == len(rows):
        return "On the only rank" if len(rows) == 1 else f"On all {len(rows)} ranks"
    if len(ranks) == 1:
        return f"On rank {ranks[0]} of {len(rows)}"
    return f"On {len(ranks)} of {len(rows)} ranks, rank {ranks[0]} the first"
