"""Zip, npz, safetensors and legacy files that lie about what they hold."""

# ruff: noqa: E501 (one case a line: a table reads better than a column)

import io
import json
import struct
import zipfile

import numpy as np
import torch

from tests.readers.hostile.cases import Case
from tests.readers.hostile.pickles import PAYLOAD, call, number, text

TENSOR = torch.arange(24, dtype=torch.float32).reshape(4, 6)


def torch_zip(content=None, **options):
    """A file as torch.save writes it."""
    stream = io.BytesIO()
    torch.save({"state_dict": {"w": TENSOR}} if content is None else content, stream, **options)
    return stream.getvalue()


GOOD = torch_zip()


def rezipped(members=(), *, drop=(), compress=(), rename=None, source=GOOD):
    """The good archive with members added, replaced, dropped, compressed or renamed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(stream, "w") as new:
        content = {name: old.read(name) for name in old.namelist() if name not in drop} | dict(members)
        for name, data in content.items():
            method = zipfile.ZIP_DEFLATED if name in compress else zipfile.ZIP_STORED
            new.writestr((rename or {}).get(name, name), data, method)
    return stream.getvalue()


def patched(content, *changes):
    """Bytes exchanged; each must be there, and its replacement have its length."""
    for old, new in changes:
        assert old in content
        assert len(old) == len(new)
        content = content.replace(old, new)
    return content


def duplicated():
    """Two members of one name: readers disagree about which counts."""
    stream = io.BytesIO(rezipped())
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("archive/datX.pkl", b"\x80\x02" + PAYLOAD + b".")
    return patched(stream.getvalue(), (b"datX.pkl", b"data.pkl"))


def central(content, offset, layout, value, member=b"archive/data.pkl"):
    """One field of a member's directory entry overwritten; `offset` counts from its signature."""
    name_at = content.rindex(member)
    at = name_at - 46 + offset
    packed = struct.pack(layout, value)
    return content[:at] + packed + content[at + len(packed) :]


def local(content, offset, layout, value, member=b"archive/data.pkl"):
    """One field of a member's local header overwritten."""
    at = content.index(member) - 30 + offset
    packed = struct.pack(layout, value)
    return content[:at] + packed + content[at + len(packed) :]


def end_record(content, offset, layout, value):
    """One field of the end record overwritten."""
    at = len(content) - 22 + offset
    packed = struct.pack(layout, value)
    return content[:at] + packed + content[at + len(packed) :]


def storage(kind="FloatStorage", key="0", numel=24):
    """A reference to a record."""
    parts = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(numel)
    return b"(" + parts + b"tQ"


def integers(*values):
    return b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", value) for value in values) + b"t"


def view(shape, stride, offset=0, source=None):
    """A tensor view by hand."""
    arguments = (source or storage(), b"\x8a\x08" + struct.pack("<q", offset), integers(*shape), integers(*stride))
    return call("torch._utils", "_rebuild_tensor_v2", *arguments, b"\x89", b"N")


def tensors(*views):
    """A checkpoint whose pickle holds these tensors; its one record has 24 floats."""
    entries = b"".join(text(f"w{index}") + made for index, made in enumerate(views))
    return rezipped({"archive/data.pkl": b"\x80\x02}(" + entries + b"u."})


def both(name, content, code):
    return Case(name, content, code, code)


BIG_ENDIAN = rezipped({"archive/byteorder": b"big"})
ZIPS = [
    both("zip payload", rezipped({"archive/data.pkl": b"\x80\x02" + PAYLOAD + b"."}), "unsafe-global"),
    both("zip extra pickle", rezipped({"archive/evil.pkl": PAYLOAD + b"."}), "bad-zip"),
    both("zip member twice", duplicated(), "bad-zip"),
    both("zip encrypted flag", central(rezipped(), 8, "<H", 1), "bad-zip"),
    both("zip local flag differs", local(rezipped(), 6, "<H", 1), "bad-zip"),
    both("zip unknown method", central(rezipped(), 10, "<H", 99), "bad-zip"),
    both("zip local crc differs", local(rezipped(), 14, "<I", 7), "bad-zip"),
    both("zip local size differs", local(rezipped(), 22, "<I", 7), "bad-zip"),
    both("zip local name differs", patched(rezipped()[:200], (b"data.pkl", b"evil.pkl")) + rezipped()[200:], "bad-zip"),
    both("zip size past the end", central(rezipped(), 20, "<I", 1 << 30), "bad-zip"),
    both("zip header past the end", central(rezipped(), 42, "<I", 1 << 30), "bad-zip"),
    both("zip members overlap", central(rezipped(), 42, "<I", 0, member=b"archive/version"), "bad-zip"),
    both("zip compressed pickle", rezipped(compress=("archive/data.pkl",)), "bad-zip"),
    both("zip compressed bomb", rezipped({"archive/data/0": bytes(1 << 26)}, compress=("archive/data/0",)), "bad-zip"),
    both("zip climbing name", rezipped({"archive/../../evil": b"x"}), "bad-zip"),
    both("zip absolute name", rezipped({"/etc/passwd": b"x"}), "bad-zip"),
    both("zip backslash name", rezipped({"archive\\evil": b"x"}), "bad-zip"),
    both("zip two roots", rezipped({"other/data.pkl": b"N."}), "bad-zip"),
    both("zip torchscript", rezipped({"archive/code/x.py": b"import os"}), "torchscript"),
    both("zip constants", rezipped({"archive/constants.pkl": b"\x80\x02)."}), "torchscript"),
    both("zip big-endian", BIG_ENDIAN, "byte-order"),
    both("zip million members claimed", end_record(end_record(rezipped(), 8, "<H", 60000), 10, "<H", 60000), "bad-zip"),
    both("zip directory length lies", end_record(rezipped(), 12, "<I", 1 << 29), "bad-zip"),
    both("zip directory offset lies", end_record(rezipped(), 16, "<I", 12), "bad-zip"),
    both("zip64 record missing", end_record(rezipped(), 16, "<I", 0xFFFFFFFF), "bad-zip"),
    both("zip second disk", end_record(rezipped(), 4, "<H", 1), "bad-zip"),
    both("zip bytes appended", GOOD + b"PAYLOAD", "truncated"),
    both("zip bytes in front", b"PK\x03\x04" + b"\0" * 40 + GOOD, "bad-zip"),
    both("zip cut in half", GOOD[: len(GOOD) // 2], "truncated"),
    both("zip cut by one byte", GOOD[:-1], "truncated"),
    both("zip empty archive", b"PK\x05\x06" + b"\0" * 18, "wrong-format"),
    both("zip pickle trailing bytes", rezipped({"archive/data.pkl": b"\x80\x02}.}."}), "trailing"),
    both("zip of something else", rezipped({"a.txt": b"hi"}, drop=zipfile.ZipFile(io.BytesIO(GOOD)).namelist()), "wrong-format"),
    both("zip record missing", rezipped(drop=("archive/data/0",)), "bad-storage"),
    both("zip record too short", rezipped({"archive/data/0": b"abcd"}), "bad-storage"),
    both("zip record too long", rezipped({"archive/data/0": bytes(1000)}), "bad-storage"),
    both("storage key climbs", tensors(view((4,), (1,), source=storage(key="../../etc/passwd"))), "bad-storage"),
    both("storage of 2^62", tensors(view((4,), (1,), source=storage(numel=0x7FFFFFFF))), "bad-storage"),
    both("storage negative", tensors(view((4,), (1,), source=storage(numel=-1))), "bad-storage"),
    both("storage kind unknown", tensors(view((4,), (1,), source=storage(kind="load"))), "unsafe-global"),
    both("storage in two types", tensors(view((4,), (1,)), view((4,), (1,), source=storage(kind="IntStorage"))), "bad-storage"),
    both("view past its storage", tensors(view((25,), (1,))), "bad-tensor"),
    both("view offset past its storage", tensors(view((1,), (1,), offset=24)), "bad-tensor"),
    both("view stride past its storage", tensors(view((2, 2), (24, 1))), "bad-tensor"),
    both("view negative size", tensors(view((-1,), (1,))), "bad-tensor"),
    both("view negative stride", tensors(view((2,), (-1,), offset=5)), "bad-tensor"),
    both("view size and stride differ", tensors(view((2, 2), (1,))), "bad-tensor"),
    both("view of 2^47 by stride zero", tensors(view((1 << 47,), (0,))), "bomb"),
    both("view of 2^120 by stride zero", tensors(view((1 << 40,) * 3, (0,) * 3)), "bomb"),
    both("view of 40 dimensions", tensors(view((1,) * 40, (1,) * 40)), "bad-tensor"),
]  # fmt: skip


def legacy(content=None):
    return torch_zip(content, _use_new_zipfile_serialization=False)


LEGACY = legacy()
LEGACY_OBJECT = LEGACY.index(b"\x80\x02}q\x00X\n\x00\x00\x00state_dict")  # where the third pickle begins
LEGACIES = [
    both("legacy payload", LEGACY[:LEGACY_OBJECT] + b"\x80\x02" + PAYLOAD + b"." + LEGACY[LEGACY_OBJECT:], "unsafe-global"),
    both("legacy bytes appended", LEGACY + b"x", "trailing"),
    both("legacy cut short", LEGACY[:-1], "bad-storage"),
    both("legacy cut in the pickle", LEGACY[:120], "truncated"),
    both("legacy data says another count", LEGACY.replace(struct.pack("<q", 24), struct.pack("<q", 25)), "bad-storage"),
    both("legacy other protocol", patched(LEGACY, (b"M\xe9\x03.", b"M\xe8\x03.")), "byte-order"),
    both("legacy big-endian", patched(LEGACY, (b"little_endianq\x02\x88", b"little_endianq\x02\x89")), "byte-order"),
    both("legacy storage unlisted", LEGACY[: LEGACY.rindex(b"\x80\x02]")] + b"\x80\x02]." + LEGACY[-96 - 8 :], "bad-storage"),
]  # fmt: skip


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def zipped(name, content, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def npy(header, data=b""):
    padded = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


DISHONEST_SIZE = zipped("a.npy", bytes(4000), zipfile.ZIP_DEFLATED)
DISHONEST_SIZE = local(central(DISHONEST_SIZE, 24, "<I", 3000, b"a.npy"), 22, "<I", 3000, b"a.npy")
NPZS = [
    both("npz of objects", npz(a=np.array([{}, None], dtype=object)), "numpy-object"),
    both("npz with records", npz(a=np.zeros(2, [("x", "i4")])), "numpy-object"),
    both("npz bomb", zipped("a.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (16777216,), }", bytes(1 << 27)), zipfile.ZIP_DEFLATED), "bomb"),
    both("npz header runs code", zipped("a.npy", npy("{'descr': __import__('os').system('id'), }")), "bad-array"),
    both("npz header nested", zipped("a.npy", npy("(" * 5000)), "bad-array"),
    both("npz shape lies", zipped("a.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (9999999999,), }", bytes(8))), "bad-array"),
    both("npz no array", zipped("a.npy", b"hello"), "bad-array"),
    both("npz wrong checksum", patched(npz(a=np.full(64, 7, "u1")), (b"\x07" * 64, b"\x07" * 63 + b"\x08")), "crc"),
    both("npz inflates to another size", DISHONEST_SIZE, "bomb"),
]  # fmt: skip


def safetensors(header, data=b"", length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


SAFETENSORS = [
    both(f"{name}.safetensors", content, "bad-safetensors")
    for name, content in {
        "header of 2^60": safetensors({}, length=1 << 60),
        "header past the end": safetensors({}, length=100),
        "header no JSON": safetensors(b"{nothing"),
        "header a list": safetensors([]),
        "header nested": safetensors(b'{"a":' + b"[" * 100_000),
        "name twice": safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
        "overlap": safetensors({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)),
        "hole": safetensors({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12)),
        "past the end": safetensors({"a": entry([4], 0, 16)}, bytes(8)),
        "bytes appended": safetensors({"a": entry([1], 0, 4)}, bytes(9)),
        "shape lies": safetensors({"a": entry([1 << 40], 0, 4)}, bytes(4)),
        "negative shape": safetensors({"a": entry([-1, -1], 0, 4)}, bytes(4)),
        "negative offset": safetensors({"a": entry([1], -4, 0)}, bytes(4)),
        "huge integers": safetensors({"a": entry([10**400], 0, 4)}, bytes(4)),
        "type unknown": safetensors({"a": entry([1], 0, 4, "PICKLE")}, bytes(4)),
        "entry a string": safetensors({"a": "b"}),
        "metadata not text": safetensors({"__metadata__": {"a": [1]}}),
        "cut short": safetensors({"a": entry([1], 0, 4)})[:9],
    }.items()
]  # fmt: skip

CASES = (*ZIPS, *LEGACIES, *NPZS, *SAFETENSORS)
