from aqboard.domain.checkpoint import (
    BestScore,
    CheckpointDiff,
    CheckpointSummary,
    HealthReport,
    IntegrityReport,
    OptimizerFacts,
    ParamGroup,
    TensorChange,
    TensorHealth,
    TensorSpec,
    ValueChange,
)
from aqboard.domain.evidence.checkpoint import ConfigurationEvidence
from aqboard.show.checkpoint import (
    file_facts,
    folded_rows,
    health_rows,
    health_sentence,
    missing_rows,
    optimizer_rows,
    setting_changes,
    setting_rows,
    share,
    tensor_changes,
)
from aqboard.show.words import ABSENT

WEIGHT = TensorSpec(shape=(3, 4), dtype="float32")


def health_of(key: str, **changes: object) -> TensorHealth:
    fields = {"key": key, "numel": 4, "nan": 0, "inf": 0, "zero_share": 0.0, "minimum": -1.0, "maximum": 1.0}
    return TensorHealth(**{**fields, "constant": False, **changes})


def summary(**changes: object) -> CheckpointSummary:
    adam = OptimizerFacts(groups=(ParamGroup(params=2, settings={"lr": 1e-3}),), state_tensors=4, state_bytes=5000)
    fields = {"path": "/x.ckpt", "size": 12_345, "mtime": 0.0, "container": "torch zip", "tensors": {"w": WEIGHT}}
    fields |= {"parameters": 12, "tensor_bytes": 48, "optimizers": (adam,)}
    return CheckpointSummary(**{**fields, **changes})


def test_facts_of_a_file_leave_out_what_it_does_not_say():
    facts = dict(file_facts(summary()))
    assert facts == {
        "file": "/x.ckpt",
        "size": "12.3 kB",
        "last changed": "1970-01-01 00:00 UTC",
        "format": "torch zip",
        "tensors": "1 (12 values, 48 bytes)",
        "optimizer 0": "1 parameter groups, 5,000 bytes of state",
    }
    assert optimizer_rows(summary())[0]["lr"] == "0.001"


def test_facts_say_whether_the_score_in_the_name_is_the_files_own():
    best = BestScore(monitor="val_loss", of_this_file=0.964, in_file_name=0.3557, agrees=False)
    damaged = IntegrityReport(verdict="damaged", records=2, checked_bytes=9, damaged=("data/0",))
    facts = dict(file_facts(summary(best=best, epoch=7), damaged))
    assert (facts["these two agree"], facts["epoch"], facts["checksums"]) == ("❌ no", "7", "❌ damaged: data/0")
    assert (facts["val_loss of this file"], facts["val_loss in the file's name"]) == ("0.964", "0.3557")


def test_two_checkpoints_side_by_side():
    found = CheckpointDiff(
        a="a",
        b="b",
        equal=1,
        changed=(TensorChange(key="w", a=WEIGHT, b=WEIGHT, changed_share=0.5, max_abs_difference=0.25),),
        only_a=(),
        only_b=(),
        settings=(
            ValueChange(path="lr", side="changed", a=1, b=None),
            ValueChange(path="new", side="only-b", b=2),
            ValueChange(path="old", side="only-a", a=3),
        ),
    )
    assert [tuple(row.values()) for row in tensor_changes(found)] == [
        ("w", "float32 [3, 4]", "float32 [3, 4]", "50.0%", "0.25")
    ]
    assert [tuple(row.values()) for row in setting_changes(found)] == [
        ("lr", "1", "None"),
        ("new", ABSENT, "2"),
        ("old", "3", ABSENT),
    ]


def test_tensors_to_look_at_are_named_with_their_ailment_worst_first():
    report = HealthReport(
        tensors=(
            health_of("fine"),
            health_of("flat", constant=True, minimum=0.0, maximum=0.0),
            health_of("untouched", never_trained="its Adam state is zero"),
            health_of("broken", nan=2, inf=1),
        ),
        unread=("f8",),
    )
    assert [(row["tensor"], row["what"]) for row in health_rows(report)] == [
        ("broken", "❌ 2 NaN; ❌ 1 infinite"),
        ("flat", "constant 0"),
        ("untouched", "never trained: its Adam state is zero"),
    ]
    assert health_sentence(report).startswith("⚠️ 3 of 4 tensors") and "1 have a type" in health_sentence(report)


def test_settings_that_differ_are_shown_those_that_must_agree_first():
    found = ConfigurationEvidence(
        saved={"lr": 1e-3, "model.heads": 8, "model.depth": 6, "model.old": 1},
        launch={"lr": 1e-4, "model.heads": 4, "model.depth": 6, "model.new": None},
    )
    rows = setting_rows(found, must_agree=("model.*",), may_differ=("model.new",))
    assert [tuple(row.values()) for row in rows] == [
        ("model.heads", "8", "4", "❌ must agree"),
        ("model.old", "1", ABSENT, "❌ must agree"),
        ("lr", "0.001", "0.0001", "may differ"),
        ("model.new", ABSENT, "None", "may differ"),
    ]


def test_keys_are_folded_and_undeclared_ones_come_first():
    keys = [f"blocks.{i}.w" for i in range(6)] + ["blocks.0.alpha"]
    assert folded_rows(keys) == [
        {"tensor": "blocks.{0..5}.w", "tensors": 6},
        {"tensor": "blocks.0.alpha", "tensors": 1},
    ]
    rows = missing_rows(keys[::-1], ("*.alpha",))
    assert [(row["tensor"], row[""]) for row in rows] == [
        ("blocks.{0..5}.w", "❌ stays random"),
        ("blocks.0.alpha", "declared in the plan"),
    ]


def test_a_share_of_nothing_is_nothing():
    assert (share(0, 0), share(3, 4)) == (0.0, 0.75)
