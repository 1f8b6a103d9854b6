"""The scan cache in numpy: the orders in which patches are visited for each wind sector.

Names, units and formula follow the team's generator; `docs/readers.md` says how a file is read.
"""

import gc
import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqboard.domain.cache import CacheDigests, CacheFormat
from aqboard.readers.caches.cache_content import CacheFields, cache_fields
from aqboard.readers.errors import ReadError
from aqboard.readers.formats.reader import read_document

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScanCache:
    """Scan orders of one patch grid, as written in a cache file. The arrays are read-only.

    `grid_h`, `grid_w`: patches along latitude and longitude, N = grid_h * grid_w.
    `num_sectors`: S, wind sectors; sector i is centred on `sector_angles[i]`, radians, float64 [S].
    `regions_h`, `regions_w`: regions along each axis, R = regions_h * regions_w, K = N / R patches each.
    `global_orders`: int64 [S, N]; row s lists patch indices, upwind first.
    `regional_orders`: int64 [R, S, K]; **local** indices 0..K-1 within a region, as in the team's file.

    Shapes are checked here; whether each order is a permutation is what `find_faults` tells.
    """

    grid_h: int
    grid_w: int
    num_sectors: int
    regions_h: int
    regions_w: int
    sector_angles: FloatArray
    global_orders: IntArray
    regional_orders: IntArray

    def __post_init__(self) -> None:
        check_grid(self.grid_h, self.grid_w, self.num_sectors, self.regions_h, self.regions_w)
        patches = self.grid_h * self.grid_w
        regions = self.regions_h * self.regions_w
        expected = {
            "sector_angles": (self.num_sectors,),
            "global_orders": (self.num_sectors, patches),
            "regional_orders": (regions, self.num_sectors, patches // regions),
        }
        for field in dataclass_fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, np.ndarray):
                continue
            if value.shape != expected[field.name]:
                raise ReadError(
                    f"The cache's {field.name} have shape {value.shape}, but its grid asks for "
                    f"{expected[field.name]}; the file was cut, or written for another grid.",
                    code="bad-shape",
                )
            value.setflags(write=False)
        if not (np.abs(self.sector_angles) < 1e3).all():
            raise ReadError("The cache's sector_angles are not finite angles in radians.", code="bad-grid")


@dataclass(frozen=True)
class CacheFile:
    """A cache together with the way its file was written."""

    cache: ScanCache
    format: CacheFormat
    notes: tuple[str, ...]


def check_grid(grid_h: int, grid_w: int, num_sectors: int, regions_h: int, regions_w: int) -> None:
    """Refuse sizes below 1 and regions that do not divide the grid (ReadError, code `bad-grid`)."""
    sizes = {
        "grid_h": grid_h,
        "grid_w": grid_w,
        "num_sectors": num_sectors,
        "regions_h": regions_h,
        "regions_w": regions_w,
    }
    for name, size in sizes.items():
        if size < 1:
            raise ReadError(f"{name} is {size}; it must be at least 1.", code="bad-grid")
    for axis, grid, regions in (("h", grid_h, regions_h), ("w", grid_w, regions_w)):
        if grid % regions:
            raise ReadError(
                f"regions_{axis}={regions} does not divide grid_{axis}={grid}: every region must hold the "
                f"same number of patches; choose a divisor of {grid}.",
                code="bad-grid",
            )


def sector_angles(num_sectors: int) -> FloatArray:
    """Centres of the wind sectors, radians, float64 [S]: 2 pi i / S."""
    return np.array([2 * math.pi * sector / num_sectors for sector in range(num_sectors)])


def projections(
    grid_h: int, grid_w: int, angles: FloatArray, *, rows: int | None = None, cols: int | None = None
) -> FloatArray:
    """Position of each patch along each wind direction, float64 [S, rows * cols]; small is upwind.

    `x cos(a) - y sin(a)`, with column x and row y scaled to [-1, 1] by the whole grid. `rows` and `cols`
    limit it to the grid's first rows and columns: a region's local block, on the whole grid's scale.
    """
    x = _scaled(grid_w)[: cols or grid_w]
    y = _scaled(grid_h)[: rows or grid_h]
    # math, not numpy: numpy's vectorised sine may differ in the last bit between processors, and the order
    # of patches of almost equal projection depends on that bit.
    cosines = np.array([math.cos(angle) for angle in angles])
    sines = np.array([math.sin(angle) for angle in angles])
    along: FloatArray = x[None, None, :] * cosines[:, None, None] + (-y)[None, :, None] * sines[:, None, None]
    return along.reshape(len(angles), -1)


def build_scan_cache(
    grid_h: int, grid_w: int, *, num_sectors: int = 16, regions_h: int = 32, regions_w: int = 32
) -> ScanCache:
    """Build what the team's generator builds: a stable sort of the patches by their projection.

    A region's order uses the local row and column, so all regions share one table [S, K].
    Raises ReadError (`bad-grid`) when the regions do not divide the grid.
    """
    check_grid(grid_h, grid_w, num_sectors, regions_h, regions_w)
    angles = sector_angles(num_sectors)
    along = projections(grid_h, grid_w, angles)
    local = projections(grid_h, grid_w, angles, rows=grid_h // regions_h, cols=grid_w // regions_w)
    table = np.argsort(local, axis=1, kind="stable").astype(np.int64)
    return ScanCache(
        grid_h=grid_h,
        grid_w=grid_w,
        num_sectors=num_sectors,
        regions_h=regions_h,
        regions_w=regions_w,
        sector_angles=angles,
        global_orders=np.argsort(along, axis=1, kind="stable").astype(np.int64),
        regional_orders=np.broadcast_to(table, (regions_h * regions_w, *table.shape)).copy(),
    )


def cache_digests(cache: ScanCache) -> CacheDigests:
    """Canonical digests of a cache: equal for equal content, whatever file it came from.

    Each order contributes (region, sector, length, indices) as little-endian int64, in ascending region
    and sector, region -1 standing for the whole grid. Angles count to 1e-9 rad: less cannot move a patch.
    """
    global_root = _orders_digest(b"aqboard/global-orders/1", cache.global_orders[None], first_region=-1)
    regional_root = _orders_digest(b"aqboard/regional-orders/1", cache.regional_orders, first_region=0)
    sizes = [cache.grid_h, cache.grid_w, cache.num_sectors, cache.regions_h, cache.regions_w]
    ticks = np.rint(cache.sector_angles * 1e9).astype("<i8")
    metadata = hashlib.sha256(b"aqboard/metadata/1" + np.array(sizes, "<i8").tobytes() + ticks.tobytes())
    roots = (global_root, regional_root, metadata.hexdigest())
    content = hashlib.sha256("\n".join(("aqboard/scan-cache/1", *roots)).encode()).hexdigest()
    return CacheDigests(global_orders=roots[0], regional_orders=roots[1], metadata=roots[2], content=content)


def read_scan_cache(path: str | Path) -> ScanCache:
    """Read a cache of any known format without running anything it names.

    Plain pickle (protocols 0-5), torch zip or legacy, class instance, numpy or list content, .npz, .safetensors.
    Raises ReadError with a stable `code`. An order that is no permutation is read, not refused: see `find_faults`.
    """
    return read_cache_file(path).cache


def read_cache_file(path: str | Path) -> CacheFile:
    """Like `read_scan_cache`, and tells how the file was written."""
    with _no_garbage_collection():
        fields, warnings = _read_fields(path)
    try:
        cache = ScanCache(
            **fields.sizes,
            sector_angles=fields.angles,
            global_orders=fields.global_orders,
            regional_orders=fields.regional_orders,
        )
    except ReadError as error:
        raise error.about(path) from None
    return CacheFile(cache, fields.format, (*warnings, *fields.notes))


def _read_fields(path: str | Path) -> tuple[CacheFields, tuple[str, ...]]:
    document = read_document(path, "strict")
    try:
        return cache_fields(document), document.warnings
    except ReadError as error:
        raise error.about(path) from None
    finally:
        document.source.close()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A cache makes 100 000 containers, all of which stay: looking for garbage among them costs a fifth more."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _scaled(count: int) -> FloatArray:
    """Indices 0..count-1 scaled to [-1, 1], float64; a single row or column sits at 0."""
    if count == 1:
        return np.zeros(1)
    return 2 * np.arange(count, dtype=np.float64) / (count - 1) - 1


def _orders_digest(tag: bytes, orders: IntArray, *, first_region: int) -> str:
    """SHA-256 over [R, S, K] orders, each row preceded by its region, sector and length."""
    regions, sectors, length = orders.shape
    rows = np.empty((regions, sectors, 3 + length), "<i8")
    rows[:, :, 0] = np.arange(first_region, first_region + regions)[:, None]
    rows[:, :, 1] = np.arange(sectors)
    rows[:, :, 2] = length
    rows[:, :, 3:] = orders
    digest = hashlib.sha256(tag)
    digest.update(rows.data)
    return digest.hexdigest()
