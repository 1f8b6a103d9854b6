"""The decision is a pure function of what all ranks say: tried here for jobs of hundreds of ranks, without any."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aqboard.domain.job.guard_verdict import Stop
from aqboard.domain.job.manifest import LaunchManifest, LossBand, Pace, Subset
from aqboard.guard.judge import Decision, Look, judge
from aqboard.guard.rows import COMPARED, SHARDED, Row, pack, share, unpack, width
from tests.guard.manifests import manifest

START = Look("start", 0)
SAME = b"w" * 32


@pytest.fixture
def made(tmp_path: Path) -> LaunchManifest:
    return manifest(tmp_path, pace=Pace(seconds_per_batch=0.1, source="an earlier run"))


def rows(world: int = 400, loss: float = 0.35, **changes: Any) -> list[Row]:
    return [Row(**{"weights": COMPARED, "digest": SAME, "losses": ((loss, 2),), **changes}) for _ in range(world)]


def spoilt(rank: int, **changes: Any) -> list[Row]:
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
    made: LaunchManifest, table: list[Row], look: Look, stop: Stop, ranks: tuple[int, ...]
) -> None:
    decision = judge(made, look, table)
    assert (decision.stop, decision.ranks) == (stop, ranks), decision.reason


@pytest.mark.parametrize(
    ("table", "look"),
    [
        (rows(loss=0.29), Look("start", 5000, resumed=True)),
        (rows(loss=0.59), Look("step", 10)),
        (rows(loss=0.45), Look("start", 0, same_samples=False)),
        ([Row(weights=SHARDED, digest=bytes([i % 256]) * 32, losses=((0.35, 2),)) for i in range(400)], START),
        (spoilt(7, loss=0.35002), START),
        (rows(batch_s=0.29), Look("step", 10)),
    ],
)
def test_what_must_not_stop_a_job(made: LaunchManifest, table: list[Row], look: Look) -> None:
    decision = judge(made, look, table)
    assert decision.stop is None, decision.reason


def test_ranks_that_hold_other_weights_explain_a_loss_that_is_too_high(made: LaunchManifest) -> None:
    """The story's job: loaded on rank 0 only, its mean loss far above the baseline."""
    table = [rows(1)[0], *[Row(0, "", COMPARED, bytes([1 + i % 100]) * 32, ((3.8, 2),)) for i in range(255)]]
    decision = judge(made, START, table)
    assert decision.stop is Stop.WEIGHTS_DIFFER
    assert decision.reason.startswith("255 of 256 ranks hold other weights than rank 0 before the first step. Was the")


def test_without_a_band_only_the_rest_is_asked(made: LaunchManifest) -> None:
    bare = made.model_copy(update={"band": None})
    assert judge(bare, START, rows(losses=())).stop is None
    assert judge(bare, Look("validation", 4), rows(loss=9.0)).stop is None
    assert judge(bare, Look("validation", 4), rows(loss=nan)).stop is Stop.NOT_FINITE


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
        Row(0, "", COMPARED, SAME, tuple((losses[i], sizes[i]) for i in share(rank, world, sizes)))
        for rank in range(world)
    ]
    decision = judge(signed, START, table)
    mean = sum(loss * n for loss, n in zip(losses, sizes, strict=True)) / sum(sizes)
    assert decision.check.loss == pytest.approx(mean)
    assert decision.stop is None


ROWS = st.builds(
    Row,
    code=st.sampled_from([0, *map(int, Stop)]),
    text=st.text(max_size=300),
    weights=st.integers(0, 2),
    digest=st.binary(min_size=32, max_size=32),
    losses=st.lists(st.tuples(st.floats(), st.integers(0, 2**32 - 1)), max_size=3).map(tuple),
    batch_s=st.floats(0, 1e6),
)


def _row(*losses: tuple[float, int]) -> Row:
    return Row(code=0, text="", weights=0, digest=bytes(32), losses=losses, batch_s=0.0)


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_rows_come_back_as_they_were_sent(table: list[Row]) -> None:
    sent = b"".join(pack(row, 3) for row in table)
    assert len(sent) == len(table) * width(3)
    for row, back in zip(table, unpack(sent, 3), strict=True):
        assert (back.code, back.weights, back.digest, back.batch_s) == (row.code, row.weights, row.digest, row.batch_s)
        assert repr(back.losses) == repr(row.losses)
        assert row.text.encode(errors="replace")[:100].startswith(back.text.encode()[:100].rstrip(b"\xef\xbf\xbd"))


@example(table=[_row((8.98846567431158e307, 0)), _row(), _row((8.988465674311579e307, 0))])
@example(table=[_row((inf, 0)), _row(), _row((-inf, 0))])
@given(table=st.lists(ROWS, min_size=1, max_size=8))
def test_whatever_the_ranks_say_there_is_a_decision(table: list[Row], tmp_path_factory: pytest.TempPathFactory) -> None:
    decision = judge(manifest(tmp_path_factory.getbasetemp()), START, table)
    assert isinstance(decision, Decision)
    if decision.stop is None:
        assert not any(row.code for row in table)
        assert decision.check.loss is None or 0.3 <= decision.check.loss <= 0.4
