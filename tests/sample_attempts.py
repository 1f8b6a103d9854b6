"""Attempts for tests of store, views and pages: evidence as probes bring it, judged by the real suite.

Nothing here says what the verdicts are; they come out of `judge_all`.
"""

import json
import math
import pickle
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import yaml
from safetensors.numpy import save_file

from aqboard.checks.judge import judge_all
from aqboard.checks.suite import SUITE
from aqboard.domain.attempt import Attempt, InputFile
from aqboard.domain.checkpoint import BestScore, IntegrityReport, TensorSpec
from aqboard.domain.evidence.base import Evidence
from aqboard.domain.evidence.checkpoint import CheckpointEvidence, LoadEvidence
from aqboard.domain.evidence.forward import ForwardEvidence, InputFault, ModuleCall
from aqboard.domain.evidence.loss import CurveEvidence, CurvePoint, LossEvidence, LossMeasurement
from aqboard.domain.evidence.scan import CacheEvidence, DirectionResult, ScanEvidence
from aqboard.domain.finding import Finding, Severity, Stage, Verdict
from aqboard.domain.plan import LaunchPlan, TargetPlan
from aqboard.domain.session.events import ProbeOutcome
from aqboard.readers.align.match import align_keys
from aqboard.readers.caches.compare import group_caches
from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache, cache_digests
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from aqboard.sessions.freeze import freeze
from aqboard.store import Store
from tests import sample_launch, sample_measured, samples

GRID = (8, 16)
SPEC = TensorSpec(shape=(64, 64), dtype="float32")
SUITE_IDS = tuple(check.id for check in SUITE)
WHEN = datetime(2025, 10, 17, 9, 30, tzinfo=UTC)

HOSTILE = (
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) ![i](http://evil.example/i.png)",
    r"$\LaTeX$ $$x^2$$",
    ":material/x: :smile: :red[r] :blue-badge[b] :streamlit:",
    "http://evil.example www.evil.example a@evil.example",
    "**b** _i_ `c` ~~s~~ | a | b |",
    "# head",
    "a -> b <-> c -- d >= e",
    "&lt;b&gt; &#58;",
)
"""Names that would do something if any page read them as Markdown or HTML."""


# ---------------------------------------------------------------------------------------------- files and plan


def write_files(folder: Path) -> None:
    """A checkpoint, its config and log, and three caches: the training's, the same pickled otherwise, another."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.yaml").write_text("embed_dim: 64\ndepth: 6\n")
    tensors = {f"model.{key}": np.full(SPEC.shape, i, np.float32) for i, key in enumerate(model_keys())}
    save_file(tensors, folder / "best.ckpt")
    (folder / "metrics.csv").write_text("step,train_loss,val_loss\n0,3.8,1.9\n100,0.7,0.3557\n")
    cache = build_scan_cache(*GRID, num_sectors=16, regions_h=4, regions_w=8)
    write_cache(folder / "cache.pkl", cache)
    write_cache(folder / "same_content.pkl", cache, reverse_keys=True)
    orders = cache.global_orders[:, ::-1].copy()
    regional = cache.regional_orders[:, :, ::-1].copy()
    write_cache(folder / "reversed.pkl", with_orders(cache, orders, regional))


def with_orders(cache: ScanCache, orders, regional) -> ScanCache:
    """The same cache with other orders."""
    return ScanCache(
        grid_h=cache.grid_h,
        grid_w=cache.grid_w,
        num_sectors=cache.num_sectors,
        regions_h=cache.regions_h,
        regions_w=cache.regions_w,
        sector_angles=cache.sector_angles,
        global_orders=orders,
        regional_orders=regional,
    )


def write_cache(path: Path, cache: ScanCache, *, reverse_keys: bool = False) -> None:
    """Pickle a cache as a dict of plain lists, which the reader accepts and which needs no torch to write."""
    content = {
        "grid_h": cache.grid_h,
        "grid_w": cache.grid_w,
        "num_sectors": cache.num_sectors,
        "regions_h": cache.regions_h,
        "regions_w": cache.regions_w,
        "sector_angles": cache.sector_angles.tolist(),
        "cached_orders": {s: row.tolist() for s, row in enumerate(cache.global_orders)},
        "regional_cached_orders": {
            r: {s: row.tolist() for s, row in enumerate(table)} for r, table in enumerate(cache.regional_orders)
        },
    }
    if reverse_keys:
        content = dict(reversed(content.items()))
    path.write_bytes(pickle.dumps(content, protocol=4))


def sample_plan(folder: Path, **changes: object) -> LaunchPlan:
    """The team's launch: 50 nodes x 8 GPUs from a checkpoint of val_loss 0.3557. `changes` replace top-level keys."""
    plan = {
        "name": "fine-tuning on 400 GPUs",
        "author": "Ammar",
        "target": {"builder": samples.REFERENCE, "config": "train.yaml"},
        "checkpoint": {"path": "best.ckpt", "expected_missing": ["*.elevation_alpha", "*.H_scale"]},
        "scan": {
            "rule": "strip-sector",
            "layout": "corrected",
            "cache": "cache.pkl",
            "candidates": ["same_content.pkl", "reversed.pkl"],
        },
        "data": {"directory": "."},
        "baseline": {"val_loss": 0.3557, "log": "metrics.csv"},
        "cluster": {
            "profile": "lumi-g",
            "account": "project_462000640",
            "partition": "standard-g",
            "nodes": 50,
            "gpus_per_node": 8,
            "time": "1-00:00:00",
            "job_name": "topoflow-400",
            "workdir": "/scratch/project_462000640/aq_net2",
            "command": ["python", "-m", "aqboard_reference.topoflow.train", "train.yaml"],
        },
    }
    # The samples were measured on a fixed day, long before any test runs.
    plan["policy"] = {"evidence_hours": 100_000}
    return LaunchPlan.model_validate(plan | changes).with_base(folder)


# ------------------------------------------------------------------------------------------------- evidence


def model_keys() -> tuple[str, ...]:
    """Some tensors of the model, named as in the reference model."""
    blocks = [f"climax.blocks.{i}.{leaf}" for i in range(6) for leaf in ("norm1.weight", "attn.qkv.weight")]
    return ("target_indices", "climax.var_embed", "climax.pos_embed", *blocks)


def fixed_evidence(plan: LaunchPlan) -> tuple[Evidence, ...]:
    """What the probes bring when all is as it should be."""
    keys = model_keys()
    checkpoint = _checkpoint(plan)
    return (
        checkpoint,
        *sample_launch.healthy(plan, checkpoint),
        _curve(),
        _caches(plan),
        _load(keys, prefix="", loaded=keys),
        _scan(plan),
        ForwardEvidence(
            inputs={"x": (2, 15, 16, 32), "lead_times": (2,)},
            trace=_trace(),
            output=(2, 6, 16, 32),
            output_finite=True,
            seconds=0.41,
        ),
        LossEvidence(
            planned=_loss("as planned", 0.3561),
            random_init=_loss("random initialisation", 3.21),
            persistence=_loss("persistence", 0.41, scale_only=True),
            candidates=_candidates(plan),
        ),
        *sample_measured.healthy(),
    )


def as_found_evidence(plan: LaunchPlan) -> tuple[Evidence, ...]:
    """What they bring for the launch of the story: nothing loads, and lead times are `[B, 1]`."""
    keys = model_keys()
    found = (
        _load(keys, prefix="model.", loaded=()),
        ForwardEvidence(
            inputs={"x": (2, 15, 16, 32), "lead_times": (2, 1)},
            trace=_trace()[:3],
            error="ValueError: too many values to unpack (expected 3)",
            fault=InputFault(
                module="climax.lead_time_embed",
                expected=(2, 64),
                got=(2, 1, 64),
                input="lead_times",
                input_expected=(2,),
                input_got=(2, 1),
            ),
            seconds=0.12,
        ),
        LossEvidence(
            planned=_loss("as planned", 3.19),
            random_init=_loss("random initialisation", 3.21),
            persistence=_loss("persistence", 0.41, scale_only=True),
            mended=_loss("keys mapped", 0.964),
            as_trained=_loss("keys mapped, scan as trained", 0.3561),
            candidates=_candidates(plan),
        ),
        *sample_measured.as_found(),
    )
    changed = {item.kind: item for item in found}
    return tuple(changed.get(item.kind, item) for item in fixed_evidence(plan))


def _checkpoint(plan: LaunchPlan) -> CheckpointEvidence:
    """What the file says, and the training's figures, which a real one keeps in the same file."""
    with read_checkpoint(plan.checkpoint.path) as file:
        summary = file.summary()
    training = {
        "epoch": 3,
        "global_step": 311,
        "lightning_version": "2.6.6",
        "hyper_parameters": {"embed_dim": 64, "scan_rule": "strip-sector"},
        "best": BestScore(monitor="val_loss", best=0.3557, of_this_file=0.3557, in_file_name=0.3557, agrees=True),
    }
    summary = summary.model_copy(update=training)
    content = cache_digests(build_scan_cache(*GRID, num_sectors=16, regions_h=4, regions_w=8)).content
    stamp = {"scan_rule": "strip-sector", "scan_layout": "corrected", "scan_cache": {"content": content}}
    integrity = IntegrityReport(verdict="ok", records=len(summary.tensors) + 3, checked_bytes=summary.size)
    launch = {
        "attempt": "a" * 32,
        "number": 3,
        "seal": "5" * 64,
        "signed": {"scan_rule": "strip-sector"},
        "facts": {"scan_rule": "strip-sector", "scan_cache": content},
        "ranks_signed": 400,
        "ranks": 400,
        "step": 311,
    }
    return CheckpointEvidence(summary=summary, integrity=integrity, provenance=stamp, launch=launch)


def _load(keys: tuple[str, ...], *, prefix: str, loaded: tuple[str, ...]) -> LoadEvidence:
    sources = tuple(f"{prefix}{key}" for key in keys)
    return LoadEvidence(
        module="TopoFlowModule",
        strict=bool(loaded),
        checkpoint_tensors=len(keys),
        model_tensors=len(keys),
        model_parameters=4096 * len(keys),
        loaded=loaded,
        loaded_parameters=4096 * len(loaded),
        missing=tuple(key for key in keys if key not in loaded),
        unexpected=() if loaded else sources,
        bit_equal=loaded,
        alignment=align_keys(dict.fromkeys(sources, SPEC), dict.fromkeys(keys, SPEC)),
    )


def _curve() -> CurveEvidence:
    points = [
        CurvePoint(
            step=step,
            train_loss=0.6 + 3.2 * math.exp(-step / 60),
            val_loss=0.3557 + 1.5 * math.exp(-step / 80) if step % 40 == 0 else None,
        )
        for step in range(0, 321, 10)
    ]
    return CurveEvidence(points=tuple(points))


def _caches(plan: LaunchPlan) -> CacheEvidence:
    groups = group_caches([plan.scan.cache, *plan.scan.candidates])
    content = cache_digests(build_scan_cache(*GRID, num_sectors=16, regions_h=4, regions_w=8)).content
    return CacheEvidence(groups=groups, planned=groups.facts[0], trained_with=content, grid=GRID)


def _scan(plan: LaunchPlan) -> ScanEvidence:
    directions = tuple(
        DirectionResult(label=label, angle_deg=90.0 * i, permutation=True, as_asked=True, moved=0.82)
        for i, label in enumerate(("east", "north", "west", "south"))
    )
    return ScanEvidence(
        tokens=GRID[0] * GRID[1],
        directions=directions,
        rules_in_force=(plan.scan.rule,),
        samples=16,
        cache_is_used=True,
        calm="order",
        not_finite="WindError: 1 wind pixel of sample 0 is not finite",
    )


def _trace() -> tuple[ModuleCall, ...]:
    return (
        ModuleCall(name="climax.token_embeds", module="PatchEmbed", output=(2, 15, 128, 64)),
        ModuleCall(name="climax.var_agg", module="Aggregate", output=(2, 128, 64)),
        ModuleCall(name="climax.lead_time_embed", module="Linear", output=(2, 64)),
        *(ModuleCall(name=f"climax.blocks.{i}", module="Block", output=(2, 128, 64)) for i in range(6)),
        ModuleCall(name="climax.head", module="Sequential", output=(2, 128, 60)),
    )


def _loss(setting: str, mean: float, *, scale_only: bool = False) -> LossMeasurement:
    per_batch = tuple(mean * share for share in (0.94, 0.98, 1.02, 1.06))
    return LossMeasurement(setting=setting, per_batch=per_batch, samples=(2, 2, 2, 2), scale_only=scale_only)


def _candidates(plan: LaunchPlan) -> tuple[LossMeasurement, ...]:
    rows = [(plan.scan.cache.name, 0.3561)]
    rows += [(path.name, 0.3561 + 0.01 * i) for i, path in enumerate(plan.scan.candidates)]
    return (
        *(_loss(name, mean) for name, mean in rows),
        _loss("row-major order", 0.33, scale_only=True),
    )


# ------------------------------------------------------------------------------------------------- attempts


def add_attempt(store: Store, plan: LaunchPlan, evidence: Iterable[Evidence], *, when: datetime = WHEN) -> int:
    """Freeze the plan, store the evidence, judge it; a probe without evidence counts as not reported."""
    text = yaml.safe_dump(json.loads(plan.model_dump_json()), sort_keys=False)
    attempt = freeze(plan, text, SUITE_IDS).model_copy(update={"created_at": when, "host": "uan01"})
    number = store.add_attempt(attempt)
    outcomes = {item.kind: measured(item) for item in evidence}
    for outcome in outcomes.values():
        store.add_outcome(attempt.uid, outcome)
    store.add_findings(attempt.uid, judge_all(SUITE, plan, outcomes))
    return number


def measured(evidence: Evidence) -> ProbeOutcome:
    """The outcome of a probe that brought this evidence."""
    return ProbeOutcome(probe=evidence.kind, status="measured", evidence=evidence.model_dump(mode="json"), seconds=1.5)


def fill(store: Store, folder: Path) -> dict[str, int]:
    """Six attempts, from as found to fixed; returns their numbers by what they are."""
    write_files(folder)
    plan = sample_plan(folder)
    as_found = as_found_evidence(plan)
    return {
        "as_found": add_attempt(
            store, plan.model_copy(update={"name": "as found: 400 GPUs"}), as_found, when=WHEN - timedelta(days=7)
        ),
        "not_run": _interrupted(store, plan.model_copy(update={"name": "interrupted before the first check"})),
        "broken": _broken(store, plan.model_copy(update={"name": "probe broke"})),
        "hostile": add_attempt(store, hostile_plan(plan), as_found, when=WHEN - timedelta(hours=2)),
        "foreign": _foreign(store, plan),
        "fixed": add_attempt(store, plan.model_copy(update={"name": "fixed: 400 GPUs"}), fixed_evidence(plan)),
    }


def hostile_plan(plan: LaunchPlan) -> LaunchPlan:
    """A plan whose texts would do something on a page that interprets them."""
    name = (HOSTILE[0] + HOSTILE[4])[:120]
    description = " ".join(HOSTILE) + " " + "long" * 75
    return plan.model_copy(update={"name": name, "author": HOSTILE[1], "description": description})


def _interrupted(store: Store, plan: LaunchPlan) -> int:
    attempt = freeze(plan, "name: interrupted\n", SUITE_IDS).model_copy(update={"created_at": WHEN})
    return store.add_attempt(attempt)


def _foreign(store: Store, plan: LaunchPlan) -> int:
    """Another team's model: no wind scan, so no caches, and nothing known of the order of its tokens."""
    folder = plan.data.directory
    (folder / "team_models.py").write_text("def build(plan): ...\n")
    target = TargetPlan(builder="team_models:build", python_path=(folder,))
    plan = plan.model_copy(update={"name": "another model", "target": target, "scan": None})
    losses = LossEvidence(planned=_loss("as planned", 0.3561), random_init=_loss("random initialisation", 3.21))
    keys, checkpoint = model_keys(), _checkpoint(plan)
    told = (*sample_launch.healthy(plan, checkpoint), *sample_measured.healthy())
    return add_attempt(store, plan, (checkpoint, *told, _load(keys, prefix="", loaded=keys), losses))


def _broken(store: Store, plan: LaunchPlan) -> int:
    """The load probe broke, so what builds on it was not measured: error and skip, and no fault seen."""
    attempt = freeze(plan, "name: broken\n", SUITE_IDS).model_copy(update={"created_at": WHEN})
    number = store.add_attempt(attempt)
    good = {item.kind: measured(item) for item in fixed_evidence(plan)}
    trace = 'Traceback (most recent call last):\n  File "load.py", line 3\nMemoryError: <b>no room</b>'
    outcomes = good | {
        "load": ProbeOutcome(probe="load", status="broke", message="MemoryError: <b>no room</b>", detail=trace),
        "loss": ProbeOutcome(probe="loss", status="unavailable", message="the checkpoint could not be loaded"),
    }
    for outcome in outcomes.values():
        store.add_outcome(attempt.uid, outcome)
    store.add_findings(attempt.uid, judge_all(SUITE, plan, outcomes))
    return number


def fill_many(store: Store, folder: Path, count: int) -> None:
    """`count` attempts with a verdict for every check and no evidence: a long history."""
    plan = sample_plan(folder)
    verdicts = tuple(Verdict)
    for i in range(count):
        when = WHEN + timedelta(minutes=i)
        attempt = Attempt(
            created_at=when,
            host="uan01",
            aqboard_version="0",
            plan=plan.model_copy(update={"name": f"attempt {i:04d} of a long series"}),
            plan_text="",
            inputs=(
                InputFile(
                    key="checkpoint.path", path=plan.checkpoint.path, size=1, mtime=when, md5="0" * 32, sha256="0" * 64
                ),
            ),
            checks=SUITE_IDS,
        )
        store.add_attempt(attempt)
        store.add_findings(attempt.uid, [_synthetic(check, verdicts[(i + j) % 5]) for j, check in enumerate(SUITE_IDS)])


def _synthetic(check: str, verdict: Verdict) -> Finding:
    return Finding(
        check=check,
        title=check,
        stage=Stage.SCAN,
        severity=Severity.BLOCKS,
        verdict=verdict,
        summary="A synthetic finding.",
        remedy="None.",
    )
