"""Real training on two ranks: a good start runs to its end, and each spoilt one stops both ranks with its code."""

import json
from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.job.guard_verdict import GuardVerdict, Stop
from aqboard.domain.job.manifest import GuardSettings, Pace, SignedJob
from tests.guard.conftest import Signed
from tests.guard.guarded_training import Case, Ran, run
from tests.tiny_launch import TinyLaunch


@pytest.fixture
def case(launch: TinyLaunch, tmp_path: Path) -> Any:
    return lambda **changes: Case(folder=tmp_path, launch=launch.folder, **changes)


def stopped(ran: Ran, code: Stop) -> GuardVerdict:
    """The verdict of a run that ended with this code on every rank."""
    assert set(ran.codes) == {int(code)}, ran.logs
    verdict = ran.verdict
    assert verdict is not None
    assert (verdict.state, verdict.code) == ("stopped", int(code))
    assert f"aqboard guard, rank 0: {verdict.reason}" in ran.logs[0]
    return verdict


def test_a_good_start_runs_to_its_end(case: Any, signed: Signed) -> None:
    ran = run(case(), signed())
    assert ran.codes == (0, 0), ran.logs
    verdict, band = ran.verdict, signed().band
    assert verdict is not None
    assert band is not None
    assert (verdict.state, verdict.code, verdict.world) == ("finished", 0, 2)
    assert [(check.when, check.step) for check in verdict.checks] == [("start", 0), ("step", 3), ("validation", 4)]
    start = verdict.checks[0]
    assert start.loss == pytest.approx(band.measured, rel=1e-5), "the very loss of before the sign-off"
    assert start.weights == "equal"


def test_keys_that_find_no_place_stop_it_before_the_first_step(case: Any, signed: Signed) -> None:
    verdict = stopped(run(case(load="prefix"), signed()), Stop.BASELINE)
    assert verdict.step == 0
    assert verdict.quantity == "val_loss"
    assert verdict.observed is not None
    assert verdict.limit is not None
    assert verdict.observed > verdict.limit
    assert "times the 1.1667 that was measured before the sign-off" in verdict.reason


def test_weights_loaded_on_rank_0_only(case: Any, signed: Signed) -> None:
    verdict = stopped(run(case(load="rank0"), signed()), Stop.WEIGHTS_DIFFER)
    assert verdict.reason.startswith(
        "1 of 2 ranks hold other weights than rank 0 before the first step. Was the checkpoint loaded on rank 0 only?"
    )
    assert verdict.ranks_at_fault == (1,)


def test_a_weight_that_is_not_a_number(case: Any, signed: Signed) -> None:
    verdict = stopped(run(case(load="nan"), signed()), Stop.NOT_FINITE)
    assert "On all 2 ranks: the parameter model.climax.norm.weight holds NaN or infinity" in verdict.reason


def test_a_training_loss_that_is_not_a_number_on_one_rank(case: Any, signed: Signed) -> None:
    verdict = stopped(run(case(nan_loss_at=1), signed()), Stop.NOT_FINITE)
    assert verdict.reason == "On rank 1 of 2: the training loss is nan"
    assert verdict.ranks_at_fault == (1,)
    assert verdict.step == 3, "told after the batch that follows: nobody waits for the GPU"


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"layout": "compat"}, "scan_layout is compat, signed was corrected"),
        ({"cache": "cache_other.pkl"}, "scan_cache is "),
    ],
)
def test_another_scan_than_was_signed(case: Any, signed: Signed, spoilt: dict[str, str], told: str) -> None:
    verdict = stopped(run(case(**spoilt), signed()), Stop.CONFIGURATION)
    assert told in verdict.reason


def test_a_cache_whose_keys_lie_in_another_order_is_the_same_cache(case: Any, signed: Signed) -> None:
    assert run(case(cache="cache_key_order.pkl", max_steps=2), signed()).codes == (0, 0)


def test_more_ranks_were_signed(case: Any, signed: Signed) -> None:
    manifest = signed(job=SignedJob(nodes=50, gpus_per_node=8))
    verdict = stopped(run(case(), manifest), Stop.CONFIGURATION)
    assert "the training runs on 2 ranks, 400 were signed" in verdict.reason


def test_a_learning_rate_that_leads_away_is_seen_at_the_next_look(case: Any, signed: Signed) -> None:
    verdict = stopped(run(case(lr=3.0), signed()), Stop.BASELINE)
    assert verdict.step == 3
    assert "The training leads away from the baseline" in verdict.reason


def test_the_kill_switch_stops_all_ranks_and_says_why(case: Any, signed: Signed, tmp_path: Path) -> None:
    verdict = stopped(run(case(kill_at=1, sleep_s=0.2, max_steps=100), signed()), Stop.KILL_SWITCH)
    assert verdict.reason == f"On rank 0 of 2: the kill switch {tmp_path / 'STOP'} is set: the loss looks wrong"
    assert verdict.step < 10


def test_steps_that_take_too_long(case: Any, signed: Signed) -> None:
    manifest = signed(pace=Pace(seconds_per_batch=0.01, source="an earlier run"))
    verdict = stopped(run(case(sleep_s=0.1), manifest), Stop.SLOW)
    assert "0.01 s were expected (an earlier run; limit 0.03 s)" in verdict.reason
    assert verdict.step == 3


def test_a_manifest_that_was_changed(case: Any, signed: Signed, tmp_path: Path) -> None:
    manifest = signed()
    spoilt = case()
    ran = run(spoilt, manifest, written=manifest.text.replace('"nodes":1', '"nodes":2'))
    assert ran.codes == (int(Stop.DIGEST),) * 2, ran.logs
    assert "is not the one this script was written for" in ran.logs[0]


def test_a_rank_that_raises_alone_does_not_leave_the_other_waiting(case: Any, signed: Signed) -> None:
    ran = run(case(raise_at=1), signed(), limit_s=60)
    assert None not in ran.codes, "both ended by themselves"
    assert 0 not in ran.codes
    assert "rank 1 has a bad disk" in ran.logs[1]
    assert ran.verdict is not None
    assert (ran.verdict.state, ran.verdict.code) == ("raised", 1)


def test_a_rank_that_hangs_is_not_waited_for_longer_than_was_signed(case: Any, signed: Signed) -> None:
    manifest = signed(guard=GuardSettings(again_at_steps=(1,), patience_s=3))
    ran = run(case(hang_at=1), manifest, limit_s=40)
    assert ran.codes[0] == int(Stop.BROKEN), ran.logs
    assert ran.verdict is not None
    assert ran.verdict.code == int(Stop.BROKEN)
    assert "Rank 0 made no progress for 3 s, some time after step 1" in ran.verdict.reason


def test_the_guard_changes_nothing_in_the_training(case: Any, signed: Signed, tmp_path: Path) -> None:
    """Dropout is on: one random number more or less would change every weight."""
    ends = []
    for guarded in (True, False):
        folder = tmp_path / str(guarded)
        spoilt = Case(**{**vars(case(dropout=0.3)), "folder": folder, "guarded": guarded})
        ran = run(spoilt, signed(folder))
        assert ran.codes == (0, 0), ran.logs
        assert (ran.verdict is not None) == guarded
        ends.append(json.loads((folder / "end.json").read_text()))
    assert ends[0] == ends[1]


def test_a_resumed_training_may_be_better_than_the_start(case: Any, signed: Signed, tmp_path: Path) -> None:
    """Lightning runs no sanity validation then; the guard looks all the same, and does not ask for a lower bound."""
    middle = tmp_path / "middle.ckpt"
    assert run(case(lr=1e-2, max_steps=6, save=middle), signed()).codes == (0, 0)
    ran = run(case(lr=1e-2, max_steps=12, resume=middle), signed())
    assert ran.codes == (0, 0), ran.logs
    assert ran.verdict is not None
    start = ran.verdict.checks[0]
    assert (start.when, start.step, start.low) == ("start", 6, None)


def test_one_rank_alone_is_guarded_too(case: Any, signed: Signed) -> None:
    manifest = signed(job=SignedJob(nodes=1, gpus_per_node=1))
    assert run(case(world=1), manifest).codes == (0,)
    verdict = stopped(run(case(world=1, load="prefix"), manifest), Stop.BASELINE)
    assert verdict.checks[0].samples == 8
