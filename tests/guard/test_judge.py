"""The decision is a pure function of what all ranks say: tried here for jobs of hundreds of ranks, without any."""

from math import inf, isnan, nan, nextafter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest, LossBand, Pace, Subset
from aqboard.guard.judge import GuardOutcome, Look, judge
from aqboard.guard.rows import COMPARED, NOT_COMPARED, SHARDED, RankRow, pack, share, unpack, width
from tests.guard.manifests import manifest

START = Look("start", 0)
SAME = b"w" * 32


@pytest.fixture
def made(tmp_path: Path) -> LaunchManifest:
    return manifest(tmp_path, pace=Pace(seconds_per_batch=0.1, source="an earlier run"))


def rows(world: int = 400, loss: float = 0.35, **changes: Any) -> list[RankRow]:
    return [RankRow(**{"weights": COMPARED, "digest": SAME, "losses": ((loss, 2),), **changes}) for _ in range(world)]


def spoilt(rank: int, **changes: Any) -> list[RankRow]:
    table = rows()
    table[rank] = rows(1, **changes)[0]
    return table


def test_a_good_start_goes_on(made: LaunchManifest) -> None:
    decision = judge(made, START, rows())
    assert decision.stop is None
    assert (decision.check.loss, decision.check.samples, decision.check.weights) == (pytest.approx(0.35), 4, "equal")


@pytest.mark.parametrize(
    ("table", "look", "stop", "ranks"),
    [
        (rows(loss=0.41), START, Stop.BASELINE, ()),
        (rows(loss=0.29), START, Stop.BASELINE, ()),
        (rows(loss=nan), START, Stop.NOT_FINITE, tuple(range(20))),
        (spoilt(399, loss=inf), START, Stop.NOT_FINITE, (399,)),
        (spoilt(7, digest=b"x" * 32), START, Stop.WEIGHTS_DIFFER, (7,)),
        (spoilt(7, loss=0.36), START, Stop.CONFIGURATION, (7,)),
        (spoilt(7, batch_s=0.31), Look("step", 10), Stop.SLOW, (7,)),
        (spoilt(7, code=47, text="OSError: no"), START, Stop.BROKEN, (7,)),
        (spoilt(7, losses=()), START, Stop.BROKEN, (7,)),
        (rows(loss=0.61), Look("step", 10), Stop.BASELINE, ()),
        (rows(loss=0.61), Look("validation", 10), Stop.BASELINE, ()),
    ],
)
def test_each_fault_has_its_code(
    made: LaunchManifest, table: list[RankRow], look: Look, stop: Stop, ranks: tuple[int, ...]
) -> None:
    decision = judge(made, look, table)
    assert (decision.stop, decision.ranks) == (stop, ranks), decision.reason


@pytest.mark.parametrize(
    ("table", "look"),
    [
        (rows(loss=0.29), Look("start", 5000, resumed=True)),
        (rows(loss=0.59), Look("step", 10)),
        (rows(loss=0.45), Look("start", 0, same_samples=False)),
        ([RankRow(weights=SHARDED, digest=bytes([i % 256]) * 32, losses=((0.35, 2),)) for i in range(400)], START),
        (spoilt(7, loss=0.35002), START),
        (rows(batch_s=0.29), Look("step", 10)),
    ],
)
def test_what_must_not_stop_a_job(made: LaunchManifest, table: list[RankRow], look: Look) -> None:
    decision = judge(made, look, table)
    assert decision.stop is None, decision.reason


def test_ranks_that_hold_other_weights_explain_a_loss_that_is_too_high(made: LaunchManifest) -> None:
    """The story's job: loaded on rank 0 only, its mean loss far above the baseline."""
    table = [rows(1)[0], *[RankRow(0, "", COMPARED, bytes([1 + i % 100]) * 32, ((3.8, 2),)) for i in range(255)]]
    decision = judge(made, START, table)
    assert decision.stop is Stop.WEIGHTS_DIFFER
    assert decision.reason.startswith("255 of 256 ranks hold other weights than rank 0 before the first step. Was the")


def test_without_a_band_only_the_rest_is_asked(made: LaunchManifest) -> None:
    bare = made.model_copy(update={"band": None})
    assert judge(bare, START, rows(losses=())).stop is None
    assert judge(bare, Look("validation", 4), rows(loss=9.0)).stop is None
    assert judge(bare, Look("validation", 4), rows(loss=nan)).stop is Stop.NOT_FINITE


def two(first: float, second: float, **changes: Any) -> list[RankRow]:
    """Two ranks, one on each of the two batches of two samples."""
    return [rows(1, loss, **changes)[0] for loss in (first, second)]


STEP, VALIDATION = Look("step", 10), Look("validation", 10)
STREAM = Look("step", 10, same_samples=False)


@pytest.mark.parametrize(
    ("look", "low", "limit"),
    [
        (START, 0.3, 0.4),
        (Look("start", 500, resumed=True), None, 0.4),
        (Look("start", 0, same_samples=False), None, 0.6),
        (Look("start", 0, resumed=True, same_samples=False), None, 0.6),
        (STEP, None, 0.6),
        (STREAM, None, 0.6),
        (VALIDATION, None, 0.6),
    ],
)
def test_which_limits_hold_when_up_to_the_last_digit(
    made: LaunchManifest, look: Look, low: float | None, limit: float
) -> None:
    found = judge(made, look, two(0.35, 0.35)).check
    assert (found.when, found.step, found.low, found.limit) == (look.when, look.step, low, pytest.approx(limit))
    assert found.limit is not None
    at_limit = judge(made, look, two(found.limit, found.limit))
    assert (at_limit.check.loss, at_limit.stop) == (found.limit, None)
    above = nextafter(found.limit, inf)
    assert judge(made, look, two(above, above)).stop is Stop.BASELINE
    below = nextafter(0.3, 0)
    assert judge(made, look, two(0.3, 0.3)).stop is None
    assert judge(made, look, two(below, below)).stop is (Stop.BASELINE if low else None)


def test_the_growth_is_the_manifests(made: LaunchManifest) -> None:
    wide = made.model_copy(update={"guard": made.guard.model_copy(update={"growth": 2.0})})
    assert judge(wide, STEP, two(0.79, 0.79)).stop is None
    assert judge(wide, STEP, two(0.81, 0.81)).stop is Stop.BASELINE


def test_a_loss_too_high_or_too_low_is_told_with_both_figures(made: LaunchManifest) -> None:
    high = judge(made, START, two(0.7, 0.7))
    assert (high.quantity, high.observed, high.limit) == ("val_loss", 0.7, 0.4)
    assert high.reason == (
        "val_loss before the first step is 0.7000, 2.0 times the 0.3500 that was measured before the sign-off (limit "
        "0.4000). The job does not start from what was signed: see how the training loads the checkpoint, and its scan "
        "settings."
    )
    later = judge(made, STEP, two(0.7, 0.7))
    assert (later.quantity, later.observed, later.limit) == ("val_loss", 0.7, pytest.approx(0.6))
    assert later.reason.startswith("val_loss after step 10 is 0.7000, 2.0 times the 0.3500 that was measured before")
    assert later.reason.endswith("(limit 0.6000). The training leads away from the baseline: see the learning rate and "
                                 "the optimizer's state.")  # fmt: skip
    low = judge(made, START, two(0.2, 0.2))
    assert (low.quantity, low.observed, low.limit) == ("val_loss", 0.2, 0.3)
    assert low.reason.startswith(
        "val_loss before the first step is 0.2000, below the 0.3500 that was measured before the sign-off (at least "
        "0.3000). Better is not what was signed either"
    )


@pytest.mark.parametrize(
    ("look", "table", "loss", "samples"),
    [
        (START, two(0.32, 0.38), 0.35, 4),
        (START, [*two(0.32, 0.38), rows(1, 0.32)[0]], 0.35, 4),  # the first batch twice, counted once
        (STEP, [RankRow(weights=COMPARED, digest=SAME, losses=((0.32, 2), (0.38, 2)))], 0.35, 4),
        (VALIDATION, [RankRow(losses=((0.2, 1),)), RankRow(losses=((0.5, 3),))], 0.425, 4),
        (VALIDATION, [RankRow(losses=((0.2, 0),)), RankRow(losses=((0.4, 0),))], 0.3, 0),
        (VALIDATION, [RankRow(losses=((0.2, 0),)), RankRow(losses=((0.5, 2),))], 0.4, 2),
        (VALIDATION, [RankRow(losses=((0.35, 0),)), RankRow()], 0.35, 0),
        (VALIDATION, [RankRow(), RankRow()], None, 0),
        (STREAM, [RankRow(losses=((0.2, 0),)), RankRow(losses=((0.4, 0),))], 0.3, 0),
    ],
)
def test_the_mean_and_what_it_is_over(
    made: LaunchManifest, look: Look, table: list[RankRow], loss: float | None, samples: int
) -> None:
    outcome = judge(made, look, table)
    assert outcome.stop is None, outcome.reason
    assert (outcome.check.loss, outcome.check.samples) == (loss if loss is None else pytest.approx(loss), samples)
    assert (outcome.check.limit is None) == (loss is None)
    assert (outcome.reason, outcome.quantity, outcome.observed, outcome.limit, outcome.ranks) == (
        "",
        "",
        None,
        None,
        (),
    )


def test_batches_of_other_sizes_weigh_as_much_as_they_hold(tmp_path: Path) -> None:
    band = LossBand(subset=Subset(batches=(1, 3)), measured=0.35, baseline=0.36, limit=0.4, low=0.3)
    assert judge(manifest(tmp_path, band=band), START, two(0.32, 0.36)).check.loss == pytest.approx(0.35)


def test_without_a_band_the_losses_are_still_told(made: LaunchManifest) -> None:
    outcome = judge(made.model_copy(update={"band": None}), START, two(3.0, 5.0))
    check = outcome.check
    assert (outcome.stop, check.loss, check.samples, check.low, check.limit) == (None, 4.0, 4, None, None)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((COMPARED, COMPARED), "equal"),
        ((SHARDED, SHARDED), "sharded"),
        ((COMPARED, SHARDED), "sharded"),
        ((NOT_COMPARED, SHARDED), "sharded"),
        ((NOT_COMPARED, NOT_COMPARED), "not compared"),
        ((COMPARED, NOT_COMPARED), "not compared"),
    ],
)
def test_only_weights_that_are_whole_on_every_rank_are_compared(
    made: LaunchManifest, states: tuple[int, int], told: str
) -> None:
    table = [RankRow(weights=state, digest=bytes([state]) * 32, losses=((0.35, 2),)) for state in states]
    outcome = judge(made, START, table)
    assert (outcome.check.weights, outcome.stop) == (told, None)


def test_the_slowest_rank_sets_the_pace_and_only_slow_ranks_are_named(made: LaunchManifest) -> None:
    def paced(*seconds: float, signed: LaunchManifest = made) -> GuardOutcome:
        return judge(signed, STEP, [rows(1, batch_s=each)[0] for each in seconds])

    untimed = paced(0.0, 0.0)
    assert (untimed.check.step_s, untimed.check.step_limit_s) == (None, None)
    limit = paced(0.1, 0.2).check.step_limit_s
    assert limit == pytest.approx(0.3)
    assert limit is not None
    good = paced(0.1, limit)
    assert (good.check.step_s, good.stop) == (limit, None)
    slow = paced(limit, nextafter(limit, inf), 0.5, 0.1)
    assert (slow.stop, slow.ranks) == (Stop.SLOW, (1, 2))
    assert (slow.quantity, slow.observed, slow.limit) == ("seconds per batch", 0.5, limit)
    assert slow.reason == (
        "On 2 of 4 ranks, rank 1 the first: a batch takes 0.5 s, 0.1 s were expected (an earlier run; limit 0.3 s). "
        "See data loading, CPU binding and the network interfaces."
    )
    assert paced(*[1.0] * 25).ranks == tuple(range(20))
    nothing_expected = paced(0.1, 999.0, signed=made.model_copy(update={"pace": None}))
    assert (nothing_expected.stop, nothing_expected.check.step_s) == (None, 999.0)
    assert nothing_expected.check.step_limit_s is None


def test_what_a_rank_says_itself_comes_first_and_the_gravest_code_counts(made: LaunchManifest) -> None:
    table = rows(30, loss=nan)
    for rank in range(4, 30):
        table[rank] = RankRow(int(Stop.NOT_FINITE), f"rank {rank} says why")
    table[2] = RankRow(int(Stop.BROKEN), "OSError: no")
    outcome = judge(made, START, table)
    assert (outcome.stop, outcome.ranks) == (Stop.NOT_FINITE, tuple(range(4, 24)))
    assert outcome.reason == "On 26 of 30 ranks, rank 4 the first: rank 4 says why"
    assert (outcome.quantity, outcome.observed, outcome.limit) == ("", None, None)


@pytest.mark.parametrize(
    ("world", "at_fault", "told"),
    [
        (1, (0,), "On the only rank: why"),
        (2, (0, 1), "On all 2 ranks: why"),
        (2, (1,), "On rank 1 of 2: why"),
        (3, (1, 2), "On 2 of 3 ranks, rank 1 the first: why"),
    ],
)
def test_where_it_was_seen_is_said_in_words(
    made: LaunchManifest, world: int, at_fault: tuple[int, ...], told: str
) -> None:
    table = [RankRow(code=47, text="why") if rank in at_fault else rows(1)[0] for rank in range(world)]
    assert judge(made, START, table).reason == told


@pytest.mark.parametrize("losses", [(), ((0.35, 2), (0.35, 2))])
@pytest.mark.parametrize("look", [START, STEP])
def test_another_number_of_losses_than_was_to_be_measured(made: LaunchManifest, look: Look, losses: Any) -> None:
    """With two ranks each takes one of the two batches."""
    outcome = judge(made, look, [rows(1)[0], rows(1, losses=losses)[0]])
    assert (outcome.stop, outcome.ranks, outcome.quantity) == (Stop.BROKEN, (1,), "val_loss")
    when = "before the first step" if look is START else "after step 10"
    assert outcome.reason == f"On rank 1 of 2: no val_loss was measured {when}, and nothing says why."
    if not losses:
        assert outcome.check.loss is not None
        assert isnan(outcome.check.loss), "a batch that nobody took is not a loss of zero"


def test_of_many_ranks_without_a_loss_twenty_are_named(made: LaunchManifest) -> None:
    outcome = judge(made, START, [rows(1)[0], *rows(25, losses=())])
    assert (outcome.stop, outcome.ranks) == (Stop.BROKEN, tuple(range(1, 21)))


def test_the_loss_that_is_not_finite_is_the_one_shown(made: LaunchManifest) -> None:
    outcome = judge(made, STEP, [rows(1, losses=((0.35, 2), (inf, 2)))[0]])
    assert (outcome.stop, outcome.quantity, outcome.observed, outcome.ranks) == (Stop.NOT_FINITE, "val_loss", inf, (0,))
    assert outcome.reason.startswith("On the only rank: val_loss after step 10 is inf. Look for NaN in the weights")


def test_the_metric_goes_by_the_name_that_was_signed(made: LaunchManifest) -> None:
    assert made.band is not None
    named = made.model_copy(update={"band": made.band.model_copy(update={"metric": "mse"})})
    for table in (rows(loss=nan), rows(loss=0.5), rows(losses=()), spoilt(7, loss=0.36)):
        outcome = judge(named, START, table)
        assert outcome.quantity == "mse"
        assert "mse" in outcome.reason
    bare = judge(made.model_copy(update={"band": None}), VALIDATION, rows(loss=nan))
    assert bare.quantity == "val_loss"


def test_other_weights_than_rank_0s_are_counted(made: LaunchManifest) -> None:
    table = [*rows(3), *rows(30, digest=b"x" * 32), *rows(1, digest=b"y" * 32)]
    outcome = judge(made, STEP, table)
    assert (outcome.stop, outcome.ranks) == (Stop.WEIGHTS_DIFFER, tuple(range(3, 23)))
    assert (outcome.quantity, outcome.observed, outcome.limit) == ("distinct sets of weights", 3, 1)
    assert outcome.reason == (
        "31 of 34 ranks hold other weights than rank 0 after step 10. Load on every rank, before the strategy wraps "
        "the model."
    )


@pytest.mark.parametrize(
    ("look", "table", "asked"),
    [
        (START, [*rows(1), *rows(2, digest=b"x" * 32)], True),
        (STEP, [*rows(1), *rows(2, digest=b"x" * 32)], False),
        (START, [*rows(2), *rows(1, digest=b"x" * 32)], False),
    ],
)
def test_rank_0_alone_is_suspected_only_where_all_others_differ_at_the_start(
    made: LaunchManifest, look: Look, table: list[RankRow], asked: bool
) -> None:
    assert ("Was the checkpoint loaded on rank 0 only?" in judge(made, look, table).reason) == asked


def test_a_rank_that_computes_otherwise_is_named_with_the_one_it_is_held_against(made: LaunchManifest) -> None:
    """Rank 3 takes the second batch, as rank 1 does; ranks on the first batch may well have another loss."""
    table = [rows(1, 0.32 if rank % 2 == 0 else 0.38)[0] for rank in range(60)]
    assert judge(made, START, table).stop is None
    for rank in range(3, 60, 2):
        table[rank] = rows(1, 0.37)[0]
    outcome = judge(made, START, table)
    assert (outcome.stop, outcome.ranks) == (Stop.CONFIGURATION, tuple(range(3, 43, 2)))
    assert (outcome.quantity, outcome.observed, outcome.limit) == ("val_loss", 0.37, 0.38)
    assert outcome.reason.startswith(
        "On 29 of 60 ranks, rank 3 the first: the same samples give another val_loss than on rank 1, though the "
        "weights are equal. A setting differs"
    )


@pytest.mark.parametrize(
    ("first", "other", "agree"),
    [
        (0.5, 0.5004, True),
        (0.5, 0.4996, True),
        (0.5, 0.5006, False),
        (0.5, 0.4994, False),
        (0.0, 0.0, True),
        (-0.5, -0.5, True),
        (-0.5, -0.5004, True),
        (-0.5, -0.5006, False),
    ],
)
def test_ranks_agree_to_a_thousandth(made: LaunchManifest, first: float, other: float, agree: bool) -> None:
    """On two ranks more than there are batches: rank 2 takes the batch of rank 0. All these losses are out of band."""
    outcome = judge(made, START, [rows(1, loss)[0] for loss in (first, first, other, first)])
    assert outcome.stop is (Stop.BASELINE if agree else Stop.CONFIGURATION)


@pytest.mark.parametrize(
    ("look", "changes"),
    [(VALIDATION, {}), (STREAM, {}), (START, {"weights": SHARDED}), (START, {"weights": NOT_COMPARED})],
)
def test_losses_that_need_not_agree(made: LaunchManifest, look: Look, changes: dict[str, Any]) -> None:
    """Each rank validates its own samples, a stream gives whatever comes next, parts of a model are another thing."""
    assert judge(made, look, [rows(1, loss, **changes)[0] for loss in (0.32, 0.33, 0.38, 0.39)]).stop is None


WRONG = {"digest": b"x" * 32, "loss": 0.9, "batch_s": 9.0}


@pytest.mark.parametrize(
    ("table", "stop"),
    [
        ([*rows(1), *rows(1, losses=(), **{"digest": b"x" * 32})], Stop.BROKEN),
        ([*rows(1), *rows(1, **{**WRONG, "loss": nan})], Stop.NOT_FINITE),
        ([*rows(2), *rows(1, **WRONG)], Stop.WEIGHTS_DIFFER),
        ([*rows(2), *rows(1, **{**WRONG, "digest": SAME})], Stop.CONFIGURATION),
        (rows(3, **{**WRONG, "digest": SAME}), Stop.BASELINE),
        (rows(3, batch_s=9.0), Stop.SLOW),
    ],
)
def test_of_several_faults_the_one_that_explains_the_others_is_told(
    made: LaunchManifest, table: list[RankRow], stop: Stop
) -> None:
    assert judge(made, START, table).stop is stop


@given(st.integers(1, 500), st.lists(st.integers(1, 8), min_size=1, max_size=30))
def test_every_batch_is_taken_and_every_rank_takes_equally_many(world: int, batches: list[int]) -> None:
    shares = [share(rank, world, batches) for rank in range(world)]
    assert len({len(taken) for taken in shares}) == 1
    assert {batch for taken in shares for batch in taken} == set(range(len(batches)))
    assert len(shares[0]) == -(-len(batches) // world), "no rank takes more than it must"


@given(world=st.integers(1, 60), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12), data=st.data())
def test_the_mean_is_that_over_samples_however_many_ranks_there_are(
    world: int, sizes: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    losses = data.draw(st.lists(st.floats(0.31, 0.39), min_size=len(sizes), max_size=len(sizes)))
    band = LossBand(subset=Subset(batches=tuple(sizes)), measured=0.35, baseline=0.36, limit=0.4, low=0.3)
    signed = manifest(tmp_path_factory.getbasetemp(), band=band)
    table = [
        RankRow(0, "", COMPARED, SAME, tuple((losses[i], sizes[i]) for i in share(rank, world, sizes)))
        for rank in range(world)
    ]
    decision = judge(signed, START, table)
    mean = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
    assert decision.check.loss == pytest.approx(mean)
    assert decision.stop is None


ROWS = st.builds(
    RankRow,
    code=st.sampled_from([0, *map(int, Stop)]),
    text=st.text(max_size=300),
    weights=st.integers(0, 2),
    digest=st.binary(min_size=32, max_size=32),
    losses=st.lists(st.tuples(st.floats(), st.integers(0, 2**32 - 1)), max_size=3).map(tuple),
    batch_s=st.floats(0, 1e6),
)


def _row(*losses: tuple[float, int]) -> RankRow:
    return RankRow(code=0, text="", weights=0, digest=bytes(32), losses=losses, batch_s=0.0)


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_rows_come_back_as_they_were_sent(table: list[RankRow]) -> None:
    sent = b"".join(pack(row, 3) for row in table)
    assert len(sent) == len(table) * width(3)
    for row, back in zip(table, unpack(sent, 3), strict=True):
        assert (back.code, back.weights, back.digest, back.batch_s) == (row.code, row.weights, row.digest, row.batch_s)
        assert repr(back.losses) == repr(row.losses)
        assert row.text.encode(errors="replace")[:100].startswith(back.text.encode()[:100].rstrip(b"\xef\xbf\xbd"))


@example(table=[_row((8.98846567431158e307, 0)), _row(), _row((8.988465674311579e307, 0))])
@example(table=[_row((inf, 0)), _row(), _row((-inf, 0))])
@given(table=st.lists(ROWS, min_size=1, max_size=8))
def test_whatever_the_ranks_say_there_is_a_decision(
    table: list[RankRow], tmp_path_factory: pytest.TempPathFactory
) -> None:
    decision = judge(manifest(tmp_path_factory.getbasetemp()), START, table)
    assert isinstance(decision, GuardOutcome)
    if decision.stop is None:
        assert not any(row.code for row in table)
        assert decision.check.loss is None or 0.3 <= decision.check.loss <= 0.4
