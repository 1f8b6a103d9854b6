"""How caches and checkpoints read in a terminal: the rows and words of `show`, drawn."""

from collections.abc import Sequence

from rich.markup import escape

from aqboard.checks.words import percent, shape
from aqboard.cli.output import out, print_facts, print_rows, signed
from aqboard.domain.alignment import KeyAlignment
from aqboard.domain.cache import CacheComparison, CacheFacts, CacheGroups
from aqboard.domain.checkpoint import CheckpointDiff, CheckpointSummary, HealthReport, IntegrityReport
from aqboard.domain.hunt import CacheHunt, MentionReport, Reference
from aqboard.readers.checkpoints.checkpoint_diff import flat_settings
from aqboard.show import caches, checkpoint, hunt
from aqboard.show.words import NO, YES, Row, short

_SHOWN = 40
"""Rows of a table in a terminal; a document has them all."""
_COLOUR = {"identical": "green", "same-content": "green", "metadata-differs": "yellow", "tie-order-only": "yellow"}


def tell_facts(facts: CacheFacts) -> None:
    """All facts of one cache."""
    print_facts(caches.cache_facts(facts))
    for sentence in caches.order_sentences(facts):
        out.print(signed(sentence))


def tell_comparison(found: CacheComparison) -> None:
    """Verdict, reasons, and the sectors that differ."""
    colour = _COLOUR.get(found.verdict, "red")
    out.print(f"[bold {colour}]{found.verdict}[/]  {escape(found.summary)}")
    for letter, facts in (("A", found.a), ("B", found.b)):
        generator = "equals the generator" if facts.equals_generator else "differs from the generator"
        out.print(f"{letter}  {facts.file.path}", markup=False)
        out.print(f"   MD5 {facts.file.md5}  content {short(facts.digests.content)}  {generator}", markup=False)
    for sentence in caches.difference_sentences(found):
        out.print(sentence, markup=False)
    print_rows(caches.sector_rows([s for s in found.sectors if s.changed_share or s.regions_changed]))


def tell_groups(groups: CacheGroups, like: Reference | None = None, checkpoint: Reference | None = None) -> None:
    """Each group of equal content with its files, their MD5s and their dates."""
    same = {"the plan's": like, "the training's": checkpoint}
    by_content: dict[object, list[Row]] = {}
    for row in hunt.cache_rows(groups, like, checkpoint):
        by_content.setdefault(row["content group"], []).append(row)
    for content, rows in by_content.items():
        first = rows[0]
        marks = [f"equals {known.path}" for column, known in same.items() if known and first[column] == YES]
        marks += ["equals the generator"] if first["generator's"] == YES else []
        marks += ["❌ not permutations"] if first["valid"] == NO else []
        out.print(f"[bold]content {content}[/]  {signed(', '.join(marks))}".rstrip())
        for row in rows:
            apart = f"  {row['beside the checkpoint']} the checkpoint" if checkpoint else ""
            out.print(f"  MD5 {row['MD5']}  {row['last changed']}{apart}  {row['file']}", markup=False)
    for entry in groups.unreadable:
        out.print(f"[yellow]▲[/] {escape(entry.path)}: {escape(entry.message)} [dim]({entry.code})[/]")


def tell_hunt(found: CacheHunt) -> None:
    """What was searched, what was found, what could not be entered."""
    out.print(" ".join(hunt.found_words(found)))
    if found.checkpoint and not found.checkpoint.content:
        out.print(hunt.UNSTAMPED)
    tell_groups(found.groups, found.like, found.checkpoint)
    for reason, names in hunt.left_out(found.walk):
        out.print(f"[yellow]▲[/] {len(names)} {reason}: {escape(', '.join(names[:5]))}")


def tell_mentions(report: MentionReport) -> None:
    """Each file with what it mentions."""
    by_file: dict[object, list[Row]] = {}
    for row in hunt.mention_rows(report):
        by_file.setdefault(row["file"], []).append(row)
    for file, rows in by_file.items():
        out.print(str(file), style="bold", markup=False)
        for row in rows:
            known = f"  (= {row['is']})" if row["is"] else ""
            out.print(f"  {row['kind']:<7} {row['value']}{known}  [{row['where']}, {row['times']}x]", markup=False)
    if not report.mentions:
        out.print(f"No cache is mentioned in {report.files} files.")
    for message in report.unreadable:
        out.print(f"[yellow]▲[/] {escape(message)}")


def tell_summary(summary: CheckpointSummary, integrity: IntegrityReport | None, health: HealthReport | None) -> None:
    """Facts, then folded keys, then what was checked."""
    settings = flat_settings({**summary.hyper_parameters, **summary.extra})
    saved = [(name, str(value)) for name, value in settings if name and value is not None]
    print_facts([*checkpoint.file_facts(summary, integrity), *saved])
    _print_some(checkpoint.optimizer_rows(summary))
    _tell_keys("", tuple(summary.tensors))
    for warning in summary.warnings[:_SHOWN]:
        out.print(f"[yellow]▲[/] {escape(warning)}")
    if health is not None:
        out.print(signed(checkpoint.health_sentence(health)))
        _print_some(checkpoint.health_rows(health))


def tell_diff(found: CheckpointDiff) -> None:
    """What differs, most telling first."""
    out.print(f"{found.equal} tensors equal bit by bit, {len(found.changed)} changed")
    _tell_keys("only in A:", found.only_a)
    _tell_keys("only in B:", found.only_b)
    _print_some(checkpoint.tensor_changes(found))
    print_rows(checkpoint.setting_changes(found))


def tell_alignment(found: KeyAlignment) -> None:
    """n/N, the rules, what is left over, and the code that does it."""
    share = checkpoint.share(found.matched_parameters, found.model_parameters)
    colour = "green" if found.complete else "red"
    out.print(
        f"[bold {colour}]{len(found.matched)}/{found.model_tensors}[/] tensors of the model matched "
        f"({percent(share)} of its parameters): {len(found.exact)} exact, {len(found.remapped)} remapped"
    )
    _print_some(checkpoint.mapping_rows(found))
    _tell_keys("missing from the checkpoint:", found.missing)
    _tell_keys("not used from the checkpoint:", found.unexpected)
    for mismatch in found.shape_mismatches[:_SHOWN]:
        shapes = f"{shape(mismatch.checkpoint_shape)} in the file, {shape(mismatch.model_shape)} in the model"
        out.print(f"[red]✘[/] {escape(mismatch.model_key)}: {escape(shapes)}")
    for change in found.dtype_changes[:_SHOWN]:
        out.print(f"[yellow]▲[/] {escape(change.model_key)}: {change.checkpoint_dtype} becomes {change.model_dtype}")
    for match in found.weak[:_SHOWN]:
        pair = f"{match.checkpoint_key} -> {match.model_key}"
        out.print(f"[dim]perhaps[/] {escape(pair)} [dim]({escape(match.rule)}; not applied)[/]")
    if found.remapped:
        out.print()
        out.print(found.snippet, markup=False)


def _tell_keys(title: str, keys: Sequence[str]) -> None:
    """Keys on lines of their own, never wrapped; those that differ only in numbers are one."""
    rows = checkpoint.folded_rows(keys)
    for row in rows[:_SHOWN]:
        out.print(f"{title}{row['tensors']:>5} x {row['tensor']}", markup=False)
    _tell_more(len(rows))


def _print_some(rows: Sequence[Row]) -> None:
    print_rows(rows[:_SHOWN])
    _tell_more(len(rows))


def _tell_more(count: int) -> None:
    if count > _SHOWN:
        out.print(f"[dim]... and {count - _SHOWN} more; --json has all[/]")
