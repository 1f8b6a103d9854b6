"""How checkpoints read in a terminal."""

from collections.abc import Sequence

from rich.markup import escape

from aqboard.cli.cache_tables import size, table, tell_rows, when
from aqboard.cli.output import out
from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.checkpoint import CheckpointDiff, CheckpointSummary, HealthReport, IntegrityReport
from aqboard.readers.align.key_paths import fold_keys
from aqboard.readers.checkpoints.checkpoint_diff import flat_settings

_SHOWN = 40


def tell_summary(summary: CheckpointSummary, integrity: IntegrityReport | None, health: HealthReport | None) -> None:
    """Facts, then folded keys, then what was checked."""
    tell_rows(_facts(summary))
    _tell_keys(summary)
    for warning in summary.warnings[:_SHOWN]:
        out.print(f"[yellow]▲[/] {escape(warning)}")
    if integrity is not None:
        _tell_integrity(integrity)
    if health is not None:
        _tell_health(health)


def tell_diff(found: CheckpointDiff) -> None:
    """What differs, most telling first."""
    out.print(f"{found.equal} tensors equal bit by bit, {len(found.changed)} changed")
    for title, keys in (("only in A", found.only_a), ("only in B", found.only_b)):
        _tell_folded(title, keys)
    made = table("tensor", "A", "B", "changed", "largest difference")
    for change in found.changed[:_SHOWN]:
        share = "-" if change.changed_share is None else f"{change.changed_share:.1%}"
        gap = "-" if change.max_abs_difference is None else f"{change.max_abs_difference:.3g}"
        shapes = (f"{spec.dtype} {list(spec.shape)}" for spec in (change.a, change.b))
        made.add_row(escape(change.key), *(escape(text) for text in shapes), share, gap)
    if found.changed:
        out.print(made)
    _tell_more(len(found.changed))
    made = table("setting", "A", "B")
    for setting in found.settings:
        sides = [str(value) for value in (setting.a, setting.b)]
        sides = ["(absent)", sides[1]] if setting.side == "only-b" else sides
        sides = [sides[0], "(absent)"] if setting.side == "only-a" else sides
        made.add_row(escape(setting.path), *(escape(text) for text in sides))
    if found.settings:
        out.print(made)


def tell_alignment(found: KeyAlignment) -> None:
    """n/N, the rules, what is left over, and the code that does it."""
    share = found.matched_parameters / found.model_parameters if found.model_parameters else 0.0
    colour = "green" if found.complete else "red"
    out.print(
        f"[bold {colour}]{len(found.matched)}/{found.model_tensors}[/] tensors of the model matched "
        f"({share:.1%} of its parameters): {len(found.exact)} exact, {len(found.remapped)} remapped"
    )
    for rule in found.rules:
        note = " [yellow](ambiguous, not applied)[/]" if rule.ambiguous else ""
        out.print(f"  {escape(rule.describe())}: {rule.tensors} tensors{note}")
    _tell_folded("missing from the checkpoint", found.missing)
    _tell_folded("not used from the checkpoint", found.unexpected)
    for mismatch in found.shape_mismatches[:_SHOWN]:
        shapes = f"{list(mismatch.checkpoint_shape)} in the file, {list(mismatch.model_shape)} in the model"
        out.print(f"[red]✘[/] {escape(mismatch.model_key)}: {escape(shapes)}")
    for change in found.dtype_changes[:_SHOWN]:
        out.print(f"[yellow]▲[/] {escape(change.model_key)}: {change.checkpoint_dtype} becomes {change.model_dtype}")
    for match in found.weak[:_SHOWN]:
        pair = f"{match.checkpoint_key} -> {match.model_key}"
        out.print(f"[dim]perhaps[/] {escape(pair)} [dim]({escape(match.rule)}; not applied)[/]")
    if found.remapped:
        out.print()
        out.print(found.snippet, markup=False)


def _facts(summary: CheckpointSummary) -> list[tuple[str, str]]:
    facts: list[tuple[str, object]] = [
        ("file", summary.path),
        ("size, changed", f"{size(summary.size)}, {when(summary.mtime)} UTC"),
        ("format", summary.container),
        ("tensors", f"{len(summary.tensors)} ({summary.parameters:,} values, {size(summary.tensor_bytes)})"),
        ("epoch, step", f"{summary.epoch}, {summary.global_step}"),
        ("Lightning", summary.lightning_version),
    ]
    if best := summary.best:
        words = {True: "agree", False: "DISAGREE", None: "cannot be compared"}[best.agrees]
        facts.append((best.monitor, f"{best.of_this_file} in the file, {best.in_file_name} in its name: they {words}"))
        facts.append((f"best {best.monitor}", f"{best.best} ({best.best_path})"))
    for number, optimizer in enumerate(summary.optimizers):
        rates = ", ".join(f"{group.params} at lr {group.settings.get('lr')}" for group in optimizer.groups)
        facts.append((f"optimizer {number}", f"{rates}; {size(optimizer.state_bytes)} of state"))
    facts += flat_settings({**summary.hyper_parameters, **summary.extra})
    return [(name, str(value)) for name, value in facts if value is not None]


def _tell_keys(summary: CheckpointSummary) -> None:
    folded = fold_keys(summary.tensors)
    for fold in folded[:_SHOWN]:
        out.print(f"{fold.count:>5} x {fold.pattern}", markup=False)
    _tell_more(len(folded))


def _tell_integrity(report: IntegrityReport) -> None:
    words = {
        "ok": "[green]✔[/] all checksums fit",
        "damaged": "[red]✘[/] damaged: checksums differ in",
        "no-checksums": "[yellow]▲[/] saved without checksums: damage could not be seen",
        "not-applicable": "this format has no checksums",
    }
    out.print(f"{words[report.verdict]} {escape(', '.join(report.damaged[:_SHOWN]))} ({report.records} records)")


def _tell_health(report: HealthReport) -> None:
    for tensor in report.faulty[:_SHOWN]:
        out.print(f"[red]✘[/] {escape(tensor.key)}: {tensor.nan} NaN, {tensor.inf} infinite of {tensor.numel}")
    for tensor in [tensor for tensor in report.tensors if tensor.never_trained][:_SHOWN]:
        out.print(f"[yellow]▲[/] {escape(tensor.key)}: never trained? {escape(tensor.never_trained or '')}")
    constant = [tensor.key for tensor in report.tensors if tensor.constant]
    _tell_folded("constant", constant)
    if not report.faulty:
        out.print(f"[green]✔[/] no NaN or infinite value in {len(report.tensors)} tensors")


def _tell_folded(title: str, keys: Sequence[str]) -> None:
    folded = fold_keys(keys)
    for fold in folded[:_SHOWN]:
        count = f" ({fold.count})" if fold.count > 1 else ""
        out.print(f"{title}: {escape(fold.pattern)}{count}")
    _tell_more(len(folded))


def _tell_more(count: int) -> None:
    if count > _SHOWN:
        out.print(f"[dim]... and {count - _SHOWN} more; --json has all[/]")
