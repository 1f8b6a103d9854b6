"""From a file's content to the fields of a scan cache, whatever way they were written.

Accepts a dict, an instance of the scanner class, flat or stacked arrays; orders as tensors, arrays or lists.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqboard.domain.cache import CacheFormat
from aqboard.readers.checkpoints.tensors import TensorView
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.pickles.reader import Document
from aqboard.readers.pickles.symbols import Instance, NumpyArray
from aqboard.readers.source import FileSource

SIZES = ("grid_h", "grid_w", "num_sectors", "regions_h", "regions_w")
_ORDERS = ("cached_orders", "regional_cached_orders")
_FLAT_GLOBAL = re.compile(r"cached_orders[._/](\d{1,6})")
_FLAT_REGIONAL = re.compile(r"regional_cached_orders[._/](\d{1,8})[._/](\d{1,6})")
_MAX_INDICES = 1 << 22


@dataclass(frozen=True)
class CacheFields:
    """The plain fields of a cache file: sizes, angles float64 [S], orders int64 [S, N] and [R, S, K]."""

    sizes: dict[str, int]
    angles: NDArray[np.float64]
    global_orders: NDArray[np.int64]
    regional_orders: NDArray[np.int64]
    format: CacheFormat
    notes: tuple[str, ...]


def cache_fields(document: Document) -> CacheFields:
    """Find a cache's fields in a document (`not-a-cache`, `bad-order`, `bad-shape`)."""
    top, class_path = _top_level(document)
    key_order = tuple(str(key) for key in top)
    fields = _nested(top)
    missing = [name for name in (*SIZES, "sector_angles", *_ORDERS) if name not in fields]
    if missing:
        held = ", ".join(shown(str(key)) for key in list(top)[:8]) or "nothing"
        raise ReadError(f"This is no scan cache: {', '.join(missing)} missing; it holds {held}.", code="not-a-cache")
    source = document.source
    sizes = {name: _integer(name, fields[name], source) for name in SIZES}
    globals_, kind, dtype = _order_table(fields["cached_orders"], "cached_orders", sizes["num_sectors"], source)
    regional, regions_sorted = _regional(fields["regional_cached_orders"], sizes, source)
    extra = [str(key) for key in fields if key not in (*SIZES, "sector_angles", *_ORDERS)]
    return CacheFields(
        sizes=sizes,
        angles=_numbers("sector_angles", fields["sector_angles"], source).astype(np.float64),
        global_orders=globals_,
        regional_orders=regional,
        format=CacheFormat(
            container=document.container,
            protocol=document.protocol,
            class_path=class_path,
            key_order=key_order if len(key_order) <= 32 else (),
            order_kind=kind,
            order_dtype=dtype,
            region_order_sorted=regions_sorted,
        ),
        notes=tuple(f"also holds {shown(name)}, which is not compared" for name in extra[:8]),
    )


def _top_level(document: Document) -> tuple[Mapping[Any, Any], str | None]:
    """The dict of fields, and the class it was an instance of."""
    value = document.value
    if isinstance(value, Instance):
        return value.attributes, str(value.cls)
    if not isinstance(value, dict):
        raise ReadError(f"This is no scan cache: its top level is {shown(value)}.", code="not-a-cache")
    texts = {name: text for name, text in document.text_metadata.items() if name in SIZES}
    return {**texts, **value}, None


def _nested(top: Mapping[Any, Any]) -> dict[Any, Any]:
    """Gather flat names such as `regional_cached_orders.5.2` (npz, safetensors) into nested dicts."""
    fields = dict(top)
    for key, value in top.items():
        name = key if isinstance(key, str) else ""
        if match := _FLAT_GLOBAL.fullmatch(name):
            fields.setdefault("cached_orders", {})[int(match[1])] = fields.pop(key)
        elif match := _FLAT_REGIONAL.fullmatch(name):
            regions = fields.setdefault("regional_cached_orders", {})
            regions.setdefault(int(match[1]), {})[int(match[2])] = value
            del fields[key]
    return fields


def _regional(value: Any, sizes: dict[str, int], source: FileSource) -> tuple[NDArray[np.int64], bool]:
    """Regional orders [R, S, K], and whether regions and sectors were written in ascending order."""
    count, sectors = sizes["regions_h"] * sizes["regions_w"], sizes["num_sectors"]
    if isinstance(value, TensorView | NumpyArray | np.ndarray):
        stacked = _numbers("regional_cached_orders", value, source)
        if stacked.ndim != 3 or stacked.shape[:2] != (count, sectors):
            raise _bad_order("regional_cached_orders", f"has shape {stacked.shape}")
        return _as_int64(stacked, "regional_cached_orders"), True
    regions = _by_number(value, "regional_cached_orders", count)
    if count * sectors > _MAX_INDICES:
        raise ReadError(f"The cache holds more than {_MAX_INDICES} regional orders.", code="too-big")
    tables = [_by_number(regions[region], f"region {region}", sectors) for region in range(count)]
    rows, _, _ = _rows((table[sector] for table in tables for sector in range(sectors)), "regional orders", source)
    ascending = all(list(table) == sorted(table) for table in (regions, *tables))
    return rows.reshape(count, sectors, -1), ascending


def _order_table(value: Any, name: str, sectors: int, source: FileSource) -> tuple[NDArray[np.int64], str, str]:
    """Global orders [S, N], what they were written as, and their dtype."""
    if isinstance(value, TensorView | NumpyArray | np.ndarray):
        stacked = _numbers(name, value, source)
        if stacked.ndim != 2 or len(stacked) != sectors:
            raise _bad_order(name, f"has shape {stacked.shape}")
        return _as_int64(stacked, name), _kind(value), str(stacked.dtype)
    orders = _by_number(value, name, sectors)
    return _rows((orders[sector] for sector in range(sectors)), name, source)


def _by_number(value: Any, name: str, count: int) -> dict[int, Any]:
    """A dict (or list) of items numbered 0 to count - 1, in the file's order."""
    items = dict(enumerate(value)) if isinstance(value, list | tuple) else value
    if not isinstance(items, dict):
        raise ReadError(f"This is no scan cache: {name} is {shown(value)}.", code="not-a-cache")
    numbered: dict[int, Any] = {}
    for key, item in items.items():
        is_digits = isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10
        number = int(key) if is_digits or type(key) is int else -1
        if not 0 <= number < count or number in numbered:
            raise _bad_order(name, f"has the key {shown(key)}; 0 to {count - 1} are expected, once each")
        numbered[number] = item
    if len(numbered) != count:
        raise _bad_order(name, f"has {len(numbered)} of {count} entries; the file is incomplete")
    return numbered


def _rows(items: Iterable[Any], name: str, source: FileSource) -> tuple[NDArray[np.int64], str, str]:
    """Orders of equal length as one int64 array [n, K]."""
    rows = list(items)
    length = _length(rows[0], name)
    if any(_length(row, name) != length for row in rows):
        raise _bad_order(name, "has orders of different lengths")
    # Counted before anything is copied: one order can be referred to a million times.
    if len(rows) * length > _MAX_INDICES:
        raise ReadError(f"The cache's {name} hold more than {_MAX_INDICES} indices.", code="too-big")
    if all(type(row) is TensorView and row.dtype == "int64" and row.contiguous for row in rows):
        # 16 400 small tensors: joining their bytes is ten times as fast as stacking as many arrays.
        flat = np.frombuffer(b"".join([row.raw(source) for row in rows]), "<i8")
        return flat.reshape(len(rows), length).astype(np.int64), _kind(rows[0]), "int64"
    arrays = [_numbers(name, row, source) for row in rows]
    return _as_int64(np.stack(arrays), name), _kind(rows[0]), str(arrays[0].dtype)


def _length(row: Any, name: str) -> int:
    """Number of indices of one order, without reading them."""
    if isinstance(row, NumpyArray):
        row = row.array()
    if isinstance(row, TensorView | np.ndarray):
        if len(row.shape) != 1:
            raise _bad_order(name, f"has an order of shape {row.shape}")
        return int(row.shape[0])
    if isinstance(row, list | tuple):
        return len(row)
    raise _bad_order(name, f"is {shown(row)}; a tensor, an array or a list of numbers is expected")


def _numbers(name: str, value: Any, source: FileSource) -> NDArray[Any]:
    """A tensor, an array, or a list of numbers, as an array."""
    if isinstance(value, TensorView):
        return value.values(source)
    if isinstance(value, NumpyArray):
        return value.array()
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, list | tuple) and all(type(item) in (int, float) for item in value):
        if any(type(item) is int and abs(item) >= 1 << 62 for item in value):
            raise _bad_order(name, "holds integers beyond 64 bits")
        return np.array(value, dtype=None if value else np.int64)
    raise _bad_order(name, f"is {shown(value)}; a tensor, an array or a list of numbers is expected")


def _integer(name: str, value: Any, source: FileSource) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if type(value) is int:
        return value
    if isinstance(value, TensorView | NumpyArray | np.ndarray):
        array = _numbers(name, value, source)
        if array.size == 1 and array.dtype.kind in "iu":
            return int(array.reshape(-1)[0])
    raise ReadError(f"This is no scan cache: {name} is {shown(value)}, not an integer.", code="not-a-cache")


def _as_int64(array: NDArray[Any], name: str) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu":
        raise _bad_order(name, f"holds {array.dtype} numbers; patch indices are integers")
    return array.astype(np.int64)


def _kind(value: Any) -> str:
    if isinstance(value, TensorView):
        return "tensor"
    return "list" if isinstance(value, list | tuple) else "array"


def _bad_order(name: str, problem: str) -> ReadError:
    return ReadError(f"The cache's {name} {problem}.", code="bad-order")
