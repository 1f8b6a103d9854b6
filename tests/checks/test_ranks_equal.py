"""ranks.equal: which rank differs, in which tensors; a start that dies or hangs is never a pass."""

from typing import Any

from aqboard.domain.evidence.training import RankReport
from tests.checks.judging import ERROR, FAIL, PASS, Healthy, judge

ID = "ranks.equal"
ZERO = RankReport(rank=0, digest="a" * 64, tensors=15, from_file=15)


def ranks(*others: RankReport, **fields: Any) -> dict[str, Any]:
    return {"ranks": (ZERO, *others), **fields}


def test_equal_ranks_pass_and_say_how_they_started(healthy: Healthy) -> None:
    assert "2 ranks over gloo, each built the module" in judge(ID, healthy).summary
    assert "started as the target says" in judge(ID, healthy, {"own_start": True}).summary


def test_the_rank_and_the_tensors_that_differ_are_named(healthy: Healthy) -> None:
    keys = tuple(f"climax.blocks.{i}.norm1.weight" for i in range(5))
    found = judge(ID, healthy, ranks(RankReport(rank=1, digest="b", tensors=15, from_file=0, differing=keys)))
    assert found.verdict is FAIL
    assert "Rank 1 differs from rank 0 in 5 of 15 tensors: climax.blocks.0.norm1.weight" in found.summary
    assert "of the checkpoint's 15 tensors, rank 0 holds 15 and rank 1 0" in found.summary.replace("Of", "of")
    assert "on every rank" in found.remedy


def test_unseeded_tensors_are_not_blamed_on_the_checkpoint(healthy: Healthy) -> None:
    other = RankReport(rank=1, digest="b", tensors=15, from_file=15, differing=("head.bias",))
    found = judge(ID, healthy, ranks(other))
    assert (found.verdict, "rank 0 holds" in found.summary) == (FAIL, False)


def test_the_rank_that_says_why_is_the_one_to_mend(healthy: Healthy) -> None:
    zero = RankReport(rank=0, error="stopped (code -9): no message")
    one = RankReport(rank=1, error="ValueError: no data on this node")
    found = judge(ID, healthy, {"ranks": (zero, one)})
    assert (found.verdict, found.summary) == (
        FAIL,
        "Rank 1 of 2 does not start: ValueError: no data on this node",
    )


def test_ranks_that_hang_are_an_error(healthy: Healthy) -> None:
    stopped = RankReport(rank=1, error="stopped (code -9): no message")
    found = judge(ID, healthy, ranks(stopped, hung_after_s=600.0))
    assert (found.verdict, "had not started after 600 s" in found.summary) == (ERROR, True)


def test_empty_ranks_are_no_pass(healthy: Healthy) -> None:
    nothing = RankReport(rank=0, digest="c")
    found = judge(ID, healthy, {"ranks": (nothing, nothing.model_copy(update={"rank": 1}))})
    assert found.verdict is ERROR
    assert judge(ID, healthy).verdict is PASS


def test_the_first_rank_to_say_why_is_named_before_those_it_took_down(healthy: Healthy) -> None:
    reports = (
        RankReport(rank=0, error="stopped (code -9): no message"),
        RankReport(rank=2, error="ValueError: second"),
        RankReport(rank=1, error="ValueError: first"),
    )
    assert "Rank 1 of 3 does not start: ValueError: first" in judge(ID, healthy, {"ranks": reports}).summary


def test_one_rank_without_tensors_is_enough_to_know_nothing(healthy: Healthy) -> None:
    nothing = RankReport(rank=1, digest="a" * 64)
    found = judge(ID, healthy, ranks(nothing))
    assert found.verdict is ERROR
    never = judge(ID, healthy, ranks(RankReport(rank=1, error="ValueError: x")))
    assert (never.verdict, never.measurements[1].value) == (FAIL, "none")


def test_the_first_rank_that_differs_is_named(healthy: Healthy) -> None:
    reports = [
        RankReport(rank=n, digest=digest, tensors=15, from_file=15) for n, digest in ((1, "a" * 64), (2, "b"), (3, "c"))
    ]
    assert "Rank 2 differs from rank 0" in judge(ID, healthy, ranks(*reports)).summary
