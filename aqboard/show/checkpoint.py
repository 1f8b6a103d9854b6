"""Checkpoints as rows: what one holds, where its tensors go, how healthy they are, how two differ."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from pydantic import JsonValue

from aqboard.checks.checkpoint_coverage import undeclared_missing
from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.checkpoint import (
    CheckpointDiff,
    CheckpointSummary,
    HealthReport,
    IntegrityReport,
    TensorHealth,
    TensorSpec,
)
from aqboard.domain.evidence.checkpoint import ConfigurationEvidence
from aqboard.domain.words import moment, size
from aqboard.readers.align.key_paths import fold_keys
from aqboard.show.words import ABSENT, NO, YES, Row

Facts = tuple[tuple[str, str], ...]

INTEGRITY = {
    "ok": "✅ every record's checksum is right",
    "damaged": "❌ damaged",
    "no-checksums": "⚠️ saved without checksums, so damage would not show",
    "not-applicable": "the format has none",
}


def folded_rows(keys: Sequence[str]) -> list[Row]:
    """Keys that differ only in numbers as one row: `blocks.{0..5}.norm1.weight`, 6 tensors."""
    return [{"tensor": fold.pattern, "tensors": fold.count} for fold in fold_keys(keys)]


def missing_rows(missing: Sequence[str], expected: tuple[str, ...]) -> list[Row]:
    """Model tensors that the file did not fill, those that the plan does not declare first."""
    faulty = undeclared_missing(tuple(missing), expected)
    declared = [key for key in missing if key not in set(faulty)]
    groups = (("❌ stays random", faulty), ("declared in the plan", declared))
    return [{**row, "": note} for note, keys in groups for row in folded_rows(keys)]


def share(part: int, whole: int) -> float:
    """A share from 0 to 1; 0 of an empty whole."""
    return part / whole if whole else 0.0


def mapping_rows(alignment: KeyAlignment) -> list[Row]:
    """The rules that map the file's keys onto the model's, most tensors first."""
    rules = sorted(alignment.rules, key=lambda rule: -rule.tensors)
    return [
        {
            "rule": rule.describe(),
            "tensors": rule.tensors,
            "applied": "no: another rule fits as well" if rule.ambiguous else "yes",
        }
        for rule in rules
    ]


def file_facts(summary: CheckpointSummary, integrity: IntegrityReport | None = None) -> Facts:
    """(name, value) of the file and of the training that wrote it; what is not known is left out."""
    facts: list[tuple[str, object]] = [
        ("file", summary.path),
        ("size", size(summary.size)),
        ("last changed", moment(summary.mtime)),
        ("format", summary.container),
        ("tensors", f"{len(summary.tensors)} ({summary.parameters:,} values, {size(summary.tensor_bytes)})"),
        ("checksums", _integrity(integrity) if integrity else None),
        ("epoch", summary.epoch),
        ("step", summary.global_step),
        ("Lightning", summary.lightning_version),
    ]
    if best := summary.best:
        facts += [
            (f"{best.monitor} of this file", _score(best.of_this_file)),
            (f"{best.monitor} in the file's name", _score(best.in_file_name)),
            ("these two agree", {True: YES, False: NO, None: None}[best.agrees]),
            (f"best {best.monitor} of that training", _score(best.best)),
            ("its best file", best.best_path),
        ]
    facts += [
        (f"optimizer {number}", f"{len(optimizer.groups)} parameter groups, {size(optimizer.state_bytes)} of state")
        for number, optimizer in enumerate(summary.optimizers)
    ]
    return tuple((name, str(value)) for name, value in facts if value is not None)


def _score(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


def _integrity(report: IntegrityReport) -> str:
    words = INTEGRITY[report.verdict]
    return f"{words}: {', '.join(report.damaged[:5])}" if report.damaged else words


def setting_rows(found: ConfigurationEvidence, must_agree: Sequence[str], may_differ: Sequence[str]) -> list[Row]:
    """One row per setting that differs or that only one side has, those that must agree first."""
    rows: list[Row] = [
        {
            "setting": path,
            "in the file": _value(found.saved, path),
            "of the launch": _value(found.launch, path),
            "": "❌ must agree" if _fits(path, must_agree) and not _fits(path, may_differ) else "may differ",
        }
        for path in sorted({*found.saved, *found.launch})
        if found.saved.get(path, ABSENT) != found.launch.get(path, ABSENT)
    ]
    return sorted(rows, key=lambda row: row[""] == "may differ")


def _value(settings: Mapping[str, JsonValue], path: str) -> str:
    return str(settings[path]) if path in settings else ABSENT


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def health_sentence(report: HealthReport) -> str:
    """What was looked at and how much of it needs a look."""
    odd = len(health_rows(report))
    unread = f" {len(report.unread)} have a type without plain numbers and were not looked at." if report.unread else ""
    verdict = (
        f"⚠️ {odd} of {len(report.tensors)} tensors need a look." if odd else f"✅ All {len(report.tensors)} are sound."
    )
    return verdict + unread


def health_rows(report: HealthReport) -> list[Row]:
    """One row per tensor that is not as a trained one should be, those with values that are no numbers first."""
    ordered = sorted(report.tensors, key=lambda tensor: not (tensor.nan or tensor.inf))
    return [{"tensor": t.key, "values": t.numel, "what": what} for t in ordered if (what := _what_is_unhealthy(t))]


def _what_is_unhealthy(tensor: TensorHealth) -> str:
    """What is wrong with one tensor, in words; empty when nothing is.

    A single value is constant by nature, and a constant of 0 or 1 is how norms and biases start.
    """
    found = [f"❌ {count} {kind}" for count, kind in ((tensor.nan, "NaN"), (tensor.inf, "infinite")) if count]
    if tensor.constant:
        found.append(f"constant {tensor.minimum:g}")
    if tensor.never_trained:
        found.append(f"never trained: {tensor.never_trained}")
    return "; ".join(found)


def optimizer_rows(summary: CheckpointSummary) -> list[Row]:
    """One row per parameter group of each saved optimizer."""
    return [
        {
            "optimizer": number,
            "group": index,
            "parameters": group.params,
            "lr": str(group.settings.get("lr", "")),
            "weight decay": str(group.settings.get("weight_decay", "")),
        }
        for number, optimizer in enumerate(summary.optimizers)
        for index, group in enumerate(optimizer.groups)
    ]


def tensor_changes(found: CheckpointDiff) -> list[Row]:
    """One row per tensor that two checkpoints hold with other values, another shape or another type."""
    return [
        {
            "tensor": change.key,
            "A": _spec(change.a),
            "B": _spec(change.b),
            "changed": "-" if change.changed_share is None else f"{change.changed_share:.1%}",
            "largest difference": "-" if change.max_abs_difference is None else f"{change.max_abs_difference:.3g}",
        }
        for change in found.changed
    ]


def setting_changes(found: CheckpointDiff) -> list[Row]:
    """One row per saved setting that differs between two checkpoints or that only one has."""
    return [
        {
            "setting": change.path,
            "A": ABSENT if change.side == "only-b" else str(change.a),
            "B": ABSENT if change.side == "only-a" else str(change.b),
        }
        for change in found.settings
    ]


def _spec(spec: TensorSpec) -> str:
    return f"{spec.dtype} {list(spec.shape)}"
