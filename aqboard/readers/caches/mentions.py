"""Where job logs and checkpoints mention a scan cache: its path, its digest, the scanner's settings.

Protects against logs of any size and content: they are read line by line, long lines are cut, and what is kept of
them is printable.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from pydantic import JsonValue

from aqboard.domain.hunt import Mention, MentionKind, MentionReport
from aqboard.readers.checkpoints.checkpoint_diff import flat_settings
from aqboard.readers.errors import ReadError
from aqboard.readers.guarded import summarise_checkpoint
from aqboard.readers.pickles.plain import clean
from aqboard.readers.source import CHUNK, FileSource

_PATTERNS: tuple[tuple[MentionKind, re.Pattern[str]], ...] = (
    ("sha256", re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.I)),
    ("md5", re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", re.I)),
    (
        "setting",
        re.compile(
            r"\b(?:scan_rule|scan_layout|num_sectors|regions_[hw]|wind_scan\w*|use_wind\w*|cache_(?:md5|path))"
            r"['\"]?\s*[:=]\s*['\"]?[\w.+/-]+",
            re.I,
        ),
    ),
)
_CACHE_FILE = (".pkl", ".pickle", ".pt", ".pth", ".npz", ".safetensors")
_SEPARATORS = re.compile(r"[\s'\"(),;=\[\]{}<>|]+")
_MAX_LINE = 4_000
_MAX_KEPT = 5_000
_BINARY_STARTS = (b"PK\x03\x04", b"\x80")


@dataclass
class _Found:
    """What was found in one file, by kind and value."""

    file: str
    seen: dict[tuple[MentionKind, str], list[str]] = field(default_factory=dict)
    times: dict[tuple[MentionKind, str], int] = field(default_factory=dict)
    last: dict[tuple[MentionKind, str], str] = field(default_factory=dict)

    def look(self, text: str, where: str) -> None:
        """Take note of all that one line mentions."""
        for kind, value in _mentioned(text):
            key = (kind, clean(value))
            if key not in self.seen and len(self.seen) >= _MAX_KEPT:
                continue
            self.seen.setdefault(key, [where, clean(text.strip())[:200]])
            self.times[key] = self.times.get(key, 0) + 1
            self.last[key] = where

    def mentions(self, known: Mapping[str, str]) -> Iterator[Mention]:
        """The mentions, those of known digests named."""
        for (kind, value), (first, text) in self.seen.items():
            yield Mention(
                file=self.file,
                kind=kind,
                value=value,
                times=self.times[kind, value],
                first=first,
                last=self.last[kind, value],
                text=text,
                known_as=known.get(value),
            )


def find_mentions(paths: Iterable[str | Path], known: Mapping[str, str] | None = None) -> MentionReport:
    """Mentions in logs (text) and checkpoints (their metadata).

    `known` names digests (MD5, SHA-256 or content, hex) of caches at hand, so that a mention of one is recognised.
    A file that cannot be read is told in the report.
    """
    mentions: list[Mention] = []
    unreadable: list[str] = []
    files = 0
    for path in paths:
        found = _Found(str(path))
        try:
            for where, text in _lines(Path(path)):
                found.look(text, where)
        except ReadError as error:
            unreadable.append(error.message)
            continue
        files += 1
        mentions += found.mentions(known or {})
    return MentionReport(files=files, mentions=tuple(mentions), unreadable=tuple(unreadable))


def _mentioned(text: str) -> Iterator[tuple[MentionKind, str]]:
    """Paths of caches, digests and settings in one line. Paths are cut out, not matched: a pattern for them can be
    made to take minutes on one line."""
    if "cache" in text.lower():
        for word in _SEPARATORS.split(text):
            token = word.strip(".:`")
            if token.lower().endswith(_CACHE_FILE) and "cache" in token.lower():
                yield "path", token
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match[0] if kind == "setting" else match[0].lower()


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Place and text of each line of a log, or of each setting of a checkpoint."""
    with FileSource(path) as source:
        binary = source.read(0, min(4, source.size)).startswith(_BINARY_STARTS)
        if not binary:
            yield from _text_lines(source)
    if binary:
        yield from _settings(path)


def _text_lines(source: FileSource) -> Iterator[tuple[str, str]]:
    rest, numbers = b"", count(1)
    for offset in range(0, source.size, CHUNK):
        *lines, rest = (rest + source.read(offset, min(CHUNK, source.size - offset))).split(b"\n")
        for line in lines:
            yield f"line {next(numbers)}", line[:_MAX_LINE].decode("utf-8", "replace")
        rest = rest[: 2 * _MAX_LINE]  # a line without end is not kept whole
    if rest:
        yield f"line {next(numbers)}", rest[:_MAX_LINE].decode("utf-8", "replace")


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    summary = summarise_checkpoint(path)
    parts: dict[str, JsonValue] = {
        "hyper_parameters": summary.hyper_parameters,
        "callbacks": summary.callbacks,
        **summary.extra,
    }
    for name, value in flat_settings(parts):
        leaf = name.rpartition(".")[2]
        yield name, f"{leaf}: {value}"
