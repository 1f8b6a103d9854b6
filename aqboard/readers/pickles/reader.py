"""One door for every file: recognise the format, read it safely, say what it was.

Protects by choosing the reader from the bytes, never from the name, and by naming what a file is when it is none of
the formats read here.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aqboard.readers.caches.npz import is_npz, read_npz
from aqboard.readers.checkpoints.safetensors import looks_like_safetensors, read_safetensors
from aqboard.readers.checkpoints.torch_zip import is_torch_archive, read_torch_archive
from aqboard.readers.checkpoints.zipdir import SIGNATURE, Member, read_directory
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.limits import LIMITS, Budget, Limits
from aqboard.readers.pickles.constructors import CONSTRUCTORS
from aqboard.readers.pickles.legacy import MAGIC, load_from_bytes, read_legacy
from aqboard.readers.pickles.machine import Machine
from aqboard.readers.pickles.opcodes import OPERATIONS
from aqboard.readers.pickles.symbols import Instance, NumpyArray
from aqboard.readers.pickles.vocabulary import Mode, Vocabulary
from aqboard.readers.source import FileSource

Container = Literal["pickle", "torch-zip", "torch-legacy", "npz", "safetensors"]

_KNOWN_TO_BE_OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"\x1f\x8b", "gzip-compressed; unpack it first"),
    (b"BZh", "bzip2-compressed; unpack it first"),
    (b"\xfd7zXZ", "xz-compressed; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x89HDF", "an HDF5 or NetCDF4 file"),
    (b"CDF", "a NetCDF file"),
    (b"\x93NUMPY", "a single numpy array"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF document"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself; run `git lfs pull`"),
    (b"<!DOCTYPE", "a web page, probably a login or error page saved in the file's place"),
    (b"<html", "a web page, probably a login or error page saved in the file's place"),
)
_LEGACY_HEADS = (4 << 20, 64 << 20)  # how much of a legacy file may be pickles; tensor data comes after
_PICKLE_STARTS = frozenset(b"\x80(]})cNIKJMULSVTXFP\x8c")
_TEXT_LIKE = ("malformed", "truncated", "bad-global", "bad-call")


@dataclass(frozen=True)
class Document:
    """What one file holds. `value` is data and symbols; tensors in it read their bytes through `source`."""

    container: Container
    value: Any
    source: FileSource
    protocol: int | None = None
    globals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    records: tuple[Member, ...] = ()
    pickle_crc_ok: bool = True
    text_metadata: dict[str, str] = field(default_factory=dict)


def read_document(path: str | Path, mode: Mode, limits: Limits = LIMITS) -> Document:
    """Read any known file without running anything in it; the caller closes `Document.source`.

    `strict` refuses every name a scan cache does not need; `inspect` keeps unknown names as symbols.
    Raises ReadError, its message starting with the file's name.
    """
    source = FileSource(path)
    try:
        document = _read(source, mode, limits)
        check_depth(document.value, limits)
        return document
    except ReadError as error:
        source.close()
        raise error.about(path) from None
    except RecursionError:
        source.close()
        raise ReadError(f"{source.path.name}: nested too deeply to be read.", code="too-deep") from None


def check_depth(value: Any, limits: Limits) -> None:
    """Refuse values nested deeper than `limits.depth`, lists that contain themselves included (`too-deep`)."""
    deepest: dict[int, int] = {}
    pending: list[tuple[Any, int]] = [(value, 0)]
    visited = 0
    while pending:
        container, depth = pending.pop()
        if depth > limits.depth:
            raise ReadError(f"Its content is nested more than {limits.depth} levels deep.", code="too-deep")
        for item in _children(container):
            visited += 1
            kind = type(item)
            if kind is NumpyArray:
                item.array()
            if kind not in (dict, OrderedDict, list, tuple, Instance):
                continue
            seen = deepest.get(id(item), -1)
            # A longer way to the same list is followed again, so that a cycle runs into the limit. An object may
            # refer to its parent (configurations do): it is looked into once.
            if seen <= depth and not (kind is Instance and seen >= 0):
                deepest[id(item)] = depth + 1
                pending.append((item, depth + 1))
        if visited > 8 * limits.objects:
            raise ReadError("Its content refers to itself too often to be followed.", code="bomb")


def _children(container: Any) -> Any:
    if type(container) is Instance:
        return (container.args, container.state, container.items)
    if isinstance(container, dict):
        return container.values()
    return container if isinstance(container, list | tuple) else ()


def _read(source: FileSource, mode: Mode, limits: Limits) -> Document:
    head = source.read(0, min(64, source.size))
    budget = Budget(limits)
    if head.startswith((SIGNATURE, b"PK\x05\x06")):
        return _read_zip(source, mode, budget)
    if head.startswith(MAGIC):
        return _read_legacy(source, mode, budget)
    if source.path.suffix.lower() == ".safetensors" or looks_like_safetensors(head, source.size):
        tensors, metadata = read_safetensors(source, limits)
        return Document("safetensors", tensors, source, text_metadata=metadata)
    _refuse_others(head)
    return _read_pickle(source, mode, budget)


def _read_zip(source: FileSource, mode: Mode, budget: Budget) -> Document:
    members = read_directory(source, budget.limits)
    if is_torch_archive(members):
        archive = read_torch_archive(source, members, mode, budget)
        return Document(
            "torch-zip",
            archive.value,
            source,
            protocol=archive.protocol,
            globals=archive.globals,
            warnings=archive.warnings,
            records=archive.records,
            pickle_crc_ok=archive.pickle_crc_ok,
        )
    if is_npz(members):
        return Document("npz", read_npz(source, members, budget.limits), source)
    names = ", ".join(shown(name) for name in list(members)[:3]) or "nothing"
    raise ReadError(f"This zip archive is neither torch's nor numpy's; it holds {names}.", code="wrong-format")


def _read_legacy(source: FileSource, mode: Mode, budget: Budget) -> Document:
    vocabulary = Vocabulary(mode, CONSTRUCTORS)
    for length in _LEGACY_HEADS:
        head = source.read(0, min(length, source.size))
        try:
            value, _ = read_legacy(head, source.size, source.read, vocabulary, budget)
        except ReadError as error:
            if error.code == "truncated" and len(head) < source.size and length != _LEGACY_HEADS[-1]:
                continue
            raise
        break
    names = tuple(sorted(str(symbol) for symbol in vocabulary.seen.values()))
    return Document("torch-legacy", value, source, protocol=2, globals=names, warnings=tuple(vocabulary.warnings))


def _read_pickle(source: FileSource, mode: Mode, budget: Budget) -> Document:
    if source.size > budget.limits.pickle_bytes:
        raise ReadError(f"A plain pickle of {source.size >> 20} MB is too large to be a cache.", code="too-big")
    constructors = {**CONSTRUCTORS, ("torch.storage", "_load_from_bytes"): load_from_bytes}
    vocabulary = Vocabulary(mode, constructors)
    machine = Machine(source.read(0, source.size), vocabulary, budget)
    try:
        value = machine.run(OPERATIONS)
    except ReadError as error:
        if error.code in _TEXT_LIKE and _is_text(machine.data[:64]):
            raise _not_a_pickle(machine.data[:64]) from None
        raise
    if machine.position != source.size:
        raise ReadError(
            f"{source.size - machine.position} bytes follow the end of the pickle: a second one was appended, "
            "or two files were joined.",
            code="trailing",
        )
    names = tuple(sorted(str(symbol) for symbol in vocabulary.seen.values()))
    return Document(
        "pickle", value, source, protocol=machine.protocol or 0, globals=names, warnings=tuple(vocabulary.warnings)
    )


def _refuse_others(head: bytes) -> None:
    """Name what the file is when it is certainly no pickle (`wrong-format`, `not-pickle`)."""
    for magic, name in _KNOWN_TO_BE_OTHERS:
        if head.startswith(magic):
            raise ReadError(f"This is {name}.", code="wrong-format")
    if not head.strip(b"\0"):
        raise ReadError(
            "It begins with zeros: the disk was full or the copy was interrupted; copy it again.", code="wrong-format"
        )
    if head[0] not in _PICKLE_STARTS:
        raise _not_a_pickle(head)


def _not_a_pickle(head: bytes) -> ReadError:
    what = "This is a text file" if _is_text(head) else "This is neither a pickle, a torch file, .npz nor safetensors"
    return ReadError(f"{what}; it begins with {shown(head, 24)}.", code="not-pickle")


def _is_text(head: bytes) -> bool:
    """True for readable text; the oldest pickles look like it too, but can be executed to their end."""
    return all(32 <= byte < 127 or byte in b"\r\n\t" or byte > 0xA0 for byte in head)
