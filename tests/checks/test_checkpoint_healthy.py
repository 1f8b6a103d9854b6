from typing import Any

import pytest

from aqboard.domain.checkpoint import HealthReport, TensorHealth, TensorSpec
from tests.checks.judging import ERROR, FAIL, PASS, WARN, Healthy, judge

ADAM = "its Adam state is zero: no gradient ever reached it"


def tensor(key: str = "blocks.0.attn.qkv.weight", **changes: Any) -> TensorHealth:
    fields: dict[str, Any] = {
        "key": key,
        "numel": 1000,
        "nan": 0,
        "inf": 0,
        "zero_share": 0.0,
        "minimum": -1.0,
        "maximum": 1.0,
        "constant": False,
    }
    return TensorHealth(**{**fields, **changes})


ZERO = {"zero_share": 1.0, "constant": True, "minimum": 0.0, "maximum": 0.0}


@pytest.mark.parametrize(
    ("tensors", "verdict", "said"),
    [
        ((), ERROR, "No tensor has values"),
        ((tensor(nan=3),), FAIL, "no numbers: blocks.0.attn.qkv.weight (3 NaN, 0 infinite of 1000)"),
        ((tensor(inf=1), tensor("b")), FAIL, "1 of 2 tensors"),
        ((tensor("attn.mask", inf=1), tensor()), PASS, "1 tensors"),
        ((tensor(**ZERO), tensor("b")), FAIL, "say nothing: blocks.0.attn.qkv.weight (all zero)"),
        ((tensor(constant=True), tensor("b")), FAIL, "(one value throughout)"),
        ((tensor("norm1.weight", constant=True), tensor("head.bias", **ZERO)), PASS, "all values finite"),
        ((tensor(numel=4, **ZERO), tensor("b")), PASS, "all values finite"),
        ((tensor(never_trained=ADAM), tensor("b")), WARN, "no gradient ever reached it"),
        ((tensor(never_trained=ADAM, numel=1001), tensor("b")), FAIL, "50.0 % of the parameters were never trained"),
        ((tensor(zero_share=0.7), tensor("b")), WARN, "1 of 2 tensors look untrained or emptied: blocks.0"),
        ((tensor(zero_share=0.7), tensor("b")), WARN, "(70% zeros)"),
        ((tensor(zero_share=0.5), tensor("b")), PASS, "2 tensors"),
        ((tensor(zero_share=0.7, numel=15), tensor("b")), PASS, "2 tensors"),
        ((tensor(numel=16, **ZERO), tensor("b")), FAIL, "1 of 2 tensors say nothing"),
        ((tensor(numel=15, **ZERO), tensor("b")), PASS, "all values finite"),
        ((tensor(never_trained=ADAM), tensor("b", zero_share=0.7)), WARN, "2 of 2 tensors look untrained or emptied"),
        ((tensor("norm1.weight", constant=True, never_trained=ADAM), tensor("b")), PASS, "2 tensors"),
        ((tensor("head.bias", zero_share=0.7), tensor("b")), PASS, "2 tensors"),
    ],
)
def test_values_are_told(healthy: Healthy, tensors: tuple[TensorHealth, ...], verdict: Any, said: str) -> None:
    found = judge("checkpoint.healthy", healthy, {"report": HealthReport(tensors=tensors)})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


def test_integers_may_be_constant_and_what_was_not_read_is_said(healthy: Healthy) -> None:
    _, evidence = healthy
    specs = {"region_ids": TensorSpec(shape=(1000,), dtype="int64"), "w": TensorSpec(shape=(10, 100), dtype="float32")}
    summary = evidence["checkpoint"].summary.model_copy(update={"tensors": specs})  # type: ignore[attr-defined]
    report = HealthReport(tensors=(tensor("region_ids", **ZERO), tensor("w")), unread=("c",))
    found = judge("checkpoint.healthy", healthy, {"report": report, "summary": summary})
    assert (found.verdict, "1 of other types were not read" in found.summary) == (PASS, True)


def test_the_table_counts_what_was_found(healthy: Healthy) -> None:
    tensors = (
        tensor(nan=1),
        tensor("inf", inf=2),
        tensor("zero", **ZERO),
        tensor("holes", zero_share=0.7),
        tensor("idle", never_trained=ADAM, numel=500),
    )
    found = judge("checkpoint.healthy", healthy, {"report": HealthReport(tensors=tensors)})
    assert [figure.value for figure in found.measurements] == [5, 2, 1, 1, 0.1111]


def test_integers_that_are_mostly_zero_are_no_hole(healthy: Healthy) -> None:
    summary = healthy[1]["checkpoint"].summary  # type: ignore[attr-defined]
    specs = {"ids": TensorSpec(shape=(1000,), dtype="int64"), "w": TensorSpec(shape=(1000,), dtype="bfloat16")}
    for key, verdict in (("ids", PASS), ("w", WARN)):
        report = HealthReport(tensors=(tensor(key, zero_share=0.9), tensor("other")))
        changes = {"report": report, "summary": summary.model_copy(update={"tensors": specs})}
        assert judge("checkpoint.healthy", healthy, changes).verdict is verdict
