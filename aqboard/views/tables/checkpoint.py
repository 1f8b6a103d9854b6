"""What is in a checkpoint and where its tensors go, as rows."""

from collections.abc import Sequence
from datetime import UTC, datetime

from aqboard.artefacts.key_paths import fold_keys
from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.checkpoint import CheckpointSummary, IntegrityReport
from aqboard.domain.evidence import LoadEvidence
from aqboard.views.words import moment, size

Row = dict[str, str | int]
Facts = tuple[tuple[str, str], ...]

INTEGRITY = {
    "ok": "✅ every record's checksum is right",
    "damaged": "❌ damaged",
    "no-checksums": "⚠️ saved without checksums, so damage would not show",
    "not-applicable": "the format has none",
}


def folded_rows(keys: Sequence[str], allowed: Sequence[str] = ()) -> list[Row]:
    """Keys that differ only in numbers as one row; `allowed` are keys that the plan expects here."""
    permitted = set(allowed)
    rows: list[Row] = []
    for group in ([key for key in keys if key not in permitted], [key for key in keys if key in permitted]):
        note = "expected by the plan" if group and group[0] in permitted else ""
        rows += [{"tensor": fold.pattern, "tensors": fold.count, "note": note} for fold in fold_keys(group)]
    return rows


def reached(load: LoadEvidence) -> float:
    """Share of the model's tensors that took their values from the file, 0 to 1; 0 for a model without tensors."""
    return len(load.loaded) / load.model_tensors if load.model_tensors else 0.0


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


def file_facts(summary: CheckpointSummary, integrity: IntegrityReport) -> Facts:
    """(name, value) of the file and of the training that wrote it; what the file does not say is left out."""
    written = moment(datetime.fromtimestamp(summary.mtime, UTC))
    facts: list[tuple[str, object]] = [
        ("file", summary.path),
        ("size", size(summary.size)),
        ("last changed", written),
        ("format", summary.container),
        ("tensors", f"{len(summary.tensors)} ({summary.parameters:,} values, {size(summary.tensor_bytes)})"),
        ("checksums", _integrity(integrity)),
        ("epoch", summary.epoch),
        ("step", summary.global_step),
        ("Lightning", summary.lightning_version),
    ]
    if best := summary.best:
        facts += [
            (f"{best.monitor} of this file", best.of_this_file),
            (f"{best.monitor} in the file's name", best.in_file_name),
            ("these two agree", {True: "✅ yes", False: "❌ no", None: None}[best.agrees]),
            (f"best {best.monitor} of that training", best.best),
        ]
    return tuple((name, str(value)) for name, value in facts if value is not None)


def _integrity(report: IntegrityReport) -> str:
    words = INTEGRITY[report.verdict]
    return f"{words}: {', '.join(report.damaged[:5])}" if report.damaged else words


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
