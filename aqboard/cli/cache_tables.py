"""How caches read in a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from rich.markup import escape
from rich.table import Table

from aqboard.cli.output import out
from aqboard.domain.cache import CacheComparison, CacheFacts, CacheGroups
from aqboard.domain.hunt import CacheHunt, MentionReport, Reference

_COLOUR = {"identical": "green", "same-content": "green", "metadata-differs": "yellow", "tie-order-only": "yellow"}
_DAY = 86_400


def table(*columns: str) -> Table:
    """A plain table in the house style."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def when(mtime: float) -> str:
    """A modification time as a date and minute, UTC."""
    return datetime.fromtimestamp(mtime, UTC).strftime("%Y-%m-%d %H:%M")


def size(count: int) -> str:
    """Bytes with thousands separated."""
    return f"{count:,} bytes"


def tell_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Name and value, one per line, never wrapped: paths and digests stay whole for those who copy or grep them."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        out.print(f"{name:<{width}}  {value}", markup=False)


def tell_facts(facts: CacheFacts) -> None:
    """All facts of one cache."""
    form = facts.format
    written = f"{form.container}, protocol {form.protocol}" if form.protocol is not None else form.container
    rows = [
        ("file", facts.file.path),
        ("size, changed", f"{size(facts.file.size)}, {when(facts.file.mtime)} UTC"),
        ("MD5", facts.file.md5),
        ("SHA-256", facts.file.sha256),
        ("content digest", facts.digests.content),
        ("grid", f"{facts.grid_h} x {facts.grid_w} patches, {facts.num_sectors} sectors"),
        ("regions", f"{facts.regions_h} x {facts.regions_w}"),
        ("regional tables", f"{facts.regional_tables_distinct} distinct, {facts.regional_rows_distinct} distinct rows"),
        ("written as", f"{written}; {form.class_path or 'dict'}; orders: {form.order_kind} of {form.order_dtype}"),
        ("generator", facts.generator_note),
        *(("note", note) for note in facts.notes),
    ]
    tell_rows(rows)
    for fault in facts.faults:
        out.print(
            f"[red]✘[/] {fault.scope} order of sector {fault.sector} is no permutation "
            f"({fault.tables} table(s)): {escape(fault.detail)}"
        )
    if facts.valid:
        out.print("[green]✔[/] every order is a permutation")


def tell_comparison(found: CacheComparison) -> None:
    """Verdict, reasons, and the sectors that differ."""
    colour = _COLOUR.get(found.verdict, "red")
    out.print(f"[bold {colour}]{found.verdict}[/]  {escape(found.summary)}")
    for letter, facts in (("A", found.a), ("B", found.b)):
        generator = "equals the generator" if facts.equals_generator else "differs from the generator"
        out.print(f"{letter}  {facts.file.path}", markup=False)
        out.print(f"   MD5 {facts.file.md5}  content {facts.digests.content[:16]}  {generator}", markup=False)
    for reason in found.byte_reasons if found.same_content else ():
        out.print(f"bytes differ by {escape(reason)}")
    for difference in found.metadata_differences:
        out.print(f"metadata: {escape(difference)}")
    rows = [sector for sector in found.sectors if sector.changed_share or sector.regions_changed]
    if not rows:
        return
    made = table("sector", "angle", "changed", "mean move", "max move", "tau", "regional", "note")
    for sector in rows:
        note = "reversed" if sector.reversed else "ties only" if sector.tie_only else ""
        made.add_row(
            str(sector.sector),
            f"{sector.angle_deg:g}°",
            f"{sector.changed_share:.1%}",
            f"{sector.mean_displacement:.1f}",
            str(sector.max_displacement),
            "-" if sector.kendall_tau is None else f"{sector.kendall_tau:.4f}",
            f"{sector.regional_changed_share:.0%} in {sector.regions_changed}" if sector.regions_changed else "none",
            note,
        )
    out.print(made)


def tell_groups(groups: CacheGroups, references: tuple[Reference, ...] = ()) -> None:
    """Each group of equal content with its files and MD5s, dates beside the references'."""
    facts = {fact.file.path: fact for fact in groups.facts}
    for number, group in enumerate(groups.groups, 1):
        marks = [f"equals {escape(ref.path)}" for ref in references if ref.content == group.content]
        marks += ["equals the generator"] if group.equals_generator else []
        marks += [] if group.valid else ["[red]not permutations[/]"]
        out.print(f"[bold]content {number}[/]  {group.content[:16]}  {', '.join(marks)}")
        for path in group.paths:
            fact = facts[path].file
            days = "".join(f"  {(fact.mtime - ref.when) / _DAY:+.1f} days" for ref in references[-1:])
            out.print(f"  MD5 {fact.md5}  {when(fact.mtime)} UTC{days}  {path}", markup=False)
    for entry in groups.unreadable:
        out.print(f"[yellow]▲[/] {escape(entry.path)}: {escape(entry.message)} [dim]({entry.code})[/]")


def tell_hunt(hunt: CacheHunt) -> None:
    """What was searched, what was found, what could not be entered."""
    walk = hunt.walk
    out.print(
        f"{walk.folders} folders, {walk.files} files, {len(walk.candidates)} candidates, "
        f"{len(hunt.groups.facts)} caches in {len(hunt.groups.groups)} groups"
    )
    if hunt.checkpoint and not hunt.checkpoint.content:
        out.print(f"{escape(hunt.checkpoint.path)} carries no stamp of its cache; only its date can be compared.")
    tell_groups(hunt.groups, tuple(ref for ref in (hunt.like, hunt.checkpoint) if ref))
    for title, names in (
        ("folders could not be read", walk.unreadable_folders),
        ("links lead out of the root or nowhere and were not followed", walk.links_left_out),
        ("files are too large for a cache", walk.too_large),
    ):
        if names:
            out.print(f"[yellow]▲[/] {len(names)} {title}: {escape(', '.join(names[:5]))}")


def tell_mentions(report: MentionReport) -> None:
    """Each file with what it mentions."""
    for file, found in groupby(report.mentions, key=lambda mention: mention.file):
        out.print(file, style="bold", markup=False)
        for mention in found:
            where = mention.first if mention.first == mention.last else f"{mention.first} ... {mention.last}"
            known = f"  (= {mention.known_as})" if mention.known_as else ""
            out.print(f"  {mention.kind:<7} {mention.value}{known}  [{where}, {mention.times}x]", markup=False)
    if not report.mentions:
        out.print(f"No cache is mentioned in {report.files} files.")
    for message in report.unreadable:
        out.print(f"[yellow]▲[/] {escape(message)}")
