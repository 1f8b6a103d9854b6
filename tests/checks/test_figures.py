"""What each check puts into its table for a healthy launch: the figures, their units, and the limits they are held to.

And which launches a check applies to.
"""

import pytest

from aqboard.checks.check import always, where_wind_orders_tokens
from aqboard.checks.suite import SUITE
from aqboard.domain.plan import LaunchPlan
from tests.checks.judging import BY_ID, Healthy, judge

MSE, SPREAD, DATE = "masked MSE, normalised", "of the forecast's standard deviation", "file date, UTC"
Row = tuple[str, object, str, str]

FIGURES: list[tuple[str, list[Row]]] = [
    ("checkpoint.intact", [("tensors", 15, "", ""), ("parameters", 61440, "", ""), ("records checked", 18, "", "")]),
    (
        "checkpoint.healthy",
        [
            ("tensors looked at", 15, "", ""),
            ("with NaN or infinite values", 0, "", "= 0"),
            ("zero or constant", 0, "", "= 0"),
            ("mostly zero", 0, "", ""),
            ("share of parameters never trained", 0.0, "", "<= 0.5"),
        ],
    ),
    (
        "checkpoint.coverage",
        [
            ("checkpoint tensors loaded", 15, "", "= 15"),
            ("model tensors", 15, "", ""),
            ("share of the model's parameters", 1.0, "", ""),
            ("missing and not declared", 0, "", "= 0"),
        ],
    ),
    ("checkpoint.bitwise", [("bit-equal tensors", 15, "", "= 15")]),
    (
        "checkpoint.settings",
        [
            ("scan_rule", "strip-sector", "", "trained with strip-sector"),
            ("scan_layout", "corrected", "", "trained with corrected"),
        ],
    ),
    (
        "checkpoint.configuration",
        [("settings that must agree", 2, "", ""), ("optimiser.lr", "0.0003", "", "trained with 0.003")],
    ),
    (
        "checkpoint.optimizer",
        [
            ("optimizers saved", 1, "", ""),
            ("parameter groups saved", "1 + 1", "", ""),
            ("schedulers saved", 1, "", ""),
        ],
    ),
    (
        "checkpoint.launch",
        [
            ("attempt", "3", "a" * 32, ""),
            ("seal", "5" * 64, "", ""),
            ("ranks", "400", "", "signed for 400"),
            ("scan_rule", "strip-sector", "", "signed strip-sector"),
        ],
    ),
    (
        "baseline.agrees",
        [
            ("baseline.val_loss in the plan", 0.3557, "", ""),
            ("recorded by the training", 0.3557, "", ""),
            ("in the file's name", "0.3557", "", ""),
        ],
    ),
    ("scan.rule", [("real wind fields", 16, "", "")]),
    (
        "scan.order",
        [("directions", 4, "", ""), ("tokens", 128, "", ""), ("largest share of tokens moved", 0.82, "", "")],
    ),
    ("cache.valid", [("orders", 16 * (1 + 4 * 8), "", "")]),  # a global order and one of each region, by sector
    (
        "cache.content",
        [("caches read", 3, "", ""), ("different MD5s", 3, "", ""), ("different contents", 2, "", "")],
    ),
    (
        "data.statistics",
        [("variables", "u, v, pm25", "", "trained with u, v, pm25"), ("statistics of", 3, "variables", "")],
    ),
    (
        "data.periods",
        [
            ("training", "2017 to 2018", "", ""),
            ("validation", "2019", "", ""),
            ("the checkpoint's training", "2017 to 2018", "", ""),
            ("the baseline's validation", "2019", "", ""),
        ],
    ),
    ("forward.shapes", [("modules traced", 10, "", ""), ("time", 0.41, "s", "")]),
    (
        "forward.deterministic",
        [
            ("values not finite", 0, "", "= 0"),
            ("values that differ when repeated", 0, "", "= 0"),
            ("largest difference when repeated", 0.0, SPREAD, ""),
            ("alone or in a batch", 2e-06, SPREAD, "<= 0.0001"),
        ],
    ),
    (
        "forward.counterfactuals",
        [
            ("u", 0.23, SPREAD, "should change: yes"),
            ("elevation", 0.1, SPREAD, "should change: yes"),
            ("lead_time", 0.06, SPREAD, "should change: yes"),
            ("wind", 0.4, SPREAD, "should change: yes"),
            ("scan_order", 0.07, SPREAD, "should change: yes"),
            ("new_parameters", 0.0, SPREAD, "should change: no"),
        ],
    ),
    (
        "loss.first",
        [
            ("baseline val_loss", 0.3557, MSE, ""),
            ("limit", 0.373485, MSE, "0.05 of the baseline, by the plan"),
            ("first val_loss, as planned", 0.3561, MSE, "<= 0.3735"),
            ("random initialisation", 3.21, MSE, ""),
            ("persistence", 0.41, MSE, ""),
            ("95 % interval over batches", "0.3419 to 0.3703", MSE, ""),
            ("validation samples", 8, "", ""),
        ],
    ),
    (
        "loss.candidates",
        [
            ("cache.pkl", 0.3561, MSE, "spread 0.0184 over batches"),
            ("same_content.pkl", 0.3561, MSE, "spread 0.0184 over batches"),
            ("reversed.pkl", 0.3661, MSE, "spread 0.0189 over batches"),
            ("row-major order", 0.33, MSE, "spread 0.0170 over batches"),
        ],
    ),
    (
        "loss.attribution",
        [
            ("as planned", 0.3561, MSE, "8 samples"),
            ("as planned, but weights random", 9.014, "times the loss beside it", "3.2100 on 8 samples"),
            ("as planned, but scan cache reversed.pkl", 1.056, "times the loss beside it", "0.3761 on 8 samples"),
            ("as planned, but scan layout compat", 2.707, "times the loss beside it", "0.9254 on 4 samples"),
            ("as planned, but mode training", 1.292, "times the loss beside it", "0.4416 on 4 samples"),
        ],
    ),
    (
        "train.one_step",
        [
            ("first training loss", 0.42, MSE, "<= 1.2200"),
            ("the same batch after one step", 0.419, MSE, ""),
            ("baseline's training loss", 0.61, MSE, ""),
            ("norm of the gradient", 0.23, "", ""),
            ("frozen parameters", 0, "", ""),
        ],
    ),
    (
        "ranks.equal",
        [
            ("digest of rank 0", "a" * 16, "", "15 of the checkpoint's 15 tensors"),
            ("digest of rank 1", "a" * 16, "", "15 of the checkpoint's 15 tensors"),
        ],
    ),
    (
        "train.cost",
        [
            ("time per step", 0.36, "s", "on AMD Instinct MI250X"),
            ("parameters, gradients, optimizer state", 840_000_000, "bytes", ""),
            ("peak memory of a step", 40 * 2**30, "bytes", f"of {64 * 2**30}"),
            ("time without validation and start", 0.18, "h", ""),
            ("GPU-hours", 72.0, "GPU-hours", ""),
            ("billed", 36.0, "GPU-hours", ""),
        ],
    ),
    (
        "launch.agrees",
        [
            ("nodes configured", 50, "", "= 50"),
            ("GPUs per node configured", 8, "", "= 8"),
            ("batch per GPU", 2, "", ""),
            ("batches per step", 1, "", ""),
            ("effective batch", 800, "", ""),
            ("steps", 1800, "", ""),
            ("training samples", 5000, "", ""),
            ("epochs", 288.0, "", ""),
        ],
    ),
    ("launch.walltime", [("time per batch", 0.36, "s", ""), ("estimate", 0.21, "h", "<= 24 h")]),
    ("environment.output", [("free for checkpoints and log", "966 GB", "", ">= 1.3 GB")]),
    (
        "environment.ready",
        [
            ("host", "nid005001", "", ""),
            ("GPUs seen", 8, "", "8 per node planned"),
            *((f"GPU {n}", "AMD Instinct MI250X, 67.6 GB of 68.7 GB free", "", "") for n in range(8)),
            ("torch", "2.6.0 for ROCm 6.2", "", ""),
            ("driver", "amdgpu 6.3.6", "", ""),
            ("open files", 65536, "", ">= 1024"),
            ("Python", "3.11.9", "", ""),
            ("the code's commit", "c" * 40, "", ""),
        ],
    ),
]


@pytest.mark.parametrize(("check_id", "rows"), FIGURES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_figures_of_a_healthy_launch(healthy: Healthy, check_id: str, rows: list[Row]) -> None:
    found = [(f.name, f.value, f.unit, f.limit) for f in judge(check_id, healthy).measurements]
    size_of_the_file = ("size", healthy[1]["file"].size, "bytes", "")  # type: ignore[attr-defined]
    assert [row for row in found if row != size_of_the_file] == rows


def test_questions_about_the_scan_are_asked_only_of_plans_that_have_one(healthy: Healthy) -> None:
    plan: LaunchPlan = healthy[0]
    without = plan.model_copy(update={"scan": None})
    assert (where_wind_orders_tokens(plan), where_wind_orders_tokens(without)) == ("", "the plan has no scan section")
    assert always(without) == ""
    asked_of_any = {check.id for check in SUITE if not check.applies(without)}
    about_the_scan = {check.id for check in SUITE if check.id.partition(".")[0] in ("scan", "cache")}
    assert set(BY_ID) - asked_of_any == about_the_scan | {"checkpoint.settings", "loss.candidates"}
