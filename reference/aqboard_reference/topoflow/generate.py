"""Writes synthetic yearly stores in the team's layout, and the normalisation statistics beside them.

One hour at a time and one block of hours in memory; deterministic by seed. A store is written under a temporary name
and renamed when complete, so an interrupted run leaves nothing that looks like data.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import PositiveInt

from aqboard_reference.topoflow.config import VARIABLES, Settings
from aqboard_reference.topoflow.data import open_store
from aqboard_reference.topoflow.errors import DataError
from aqboard_reference.topoflow.normalisation import Normalisation, VariableStatistics, transformed
from aqboard_reference.topoflow.world.pollution import SPECIES, Pollution
from aqboard_reference.topoflow.world.terrain import Terrain, make_terrain
from aqboard_reference.topoflow.world.weather import Weather

Progress = Callable[[int, int], None]
"""Called with (hours done, hours in all)."""

GENERATOR_VERSION = 1
BLOCK_H = 12
"""Hours per chunk of the store, and per write."""

UNITS = {
    "u": "m/s", "v": "m/s", "temp": "K", "rh": "%", "psfc": "hPa", "lat2d": "degrees_north", "lon2d": "degrees_east",
    "elevation": "m", "population": "1/km2", **dict.fromkeys(SPECIES, "ug/m3"),
}  # fmt: skip
LOG_OFFSETS = {"population": 50.0, **dict.fromkeys(SPECIES, 1.0)}
"""Variables normalised as log(x + offset): skewed, never negative."""


class World(Settings):
    """Everything that decides what a generated store holds; `hours` is the length of each year."""

    img_h: PositiveInt = 64
    img_w: PositiveInt = 128
    hours: PositiveInt = 384
    spin_up_h: PositiveInt = 72
    num_cities: PositiveInt = 60
    seed: int = 0


def ensure_store(root: Path, year: int, world: World, progress: Progress | None = None) -> Path:
    """The store of `year` under `root`, generated when it is not there.

    DataError when a store of that name was made with other settings: it is never overwritten.
    """
    path = root / f"data_{year}.zarr"
    if not path.exists():
        generate_store(path, year, world, progress)
        return path
    found = open_store(root, year, VARIABLES, (world.img_h, world.img_w)).attrs.get("world")
    if found != _signature(world, year):
        raise DataError(
            f"{path} was made with other settings ({found}; wanted {_signature(world, year)}); "
            "move it away or remove it, then try again."
        )
    return path


def generate_store(path: Path, year: int, world: World, progress: Progress | None = None) -> None:
    """Simulate and write one year; an existing store raises DataError."""
    if path.exists():
        raise DataError(f"{path} exists already; remove it or choose another folder.")
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    terrain = make_terrain(world.img_h, world.img_w, num_cities=world.num_cities, seed=world.seed)
    start = np.datetime64(f"{year}-01-01T00", "ns")
    for done, block in _blocks(_hours(terrain, year, world), BLOCK_H):
        times = start + np.arange(done, done + block.shape[1]) * np.timedelta64(1, "h").astype("timedelta64[ns]")
        _write(partial, _dataset(block, times, terrain, _signature(world, year)), first=done == 0)
        if progress is not None:
            progress(done + block.shape[1], world.hours)
    partial.rename(path)


def compute_normalisation(root: Path, years: Sequence[int], shape: tuple[int, int], every_h: int = 6) -> Normalisation:
    """Mean and standard deviation of each variable after its transform, over every `every_h`-th hour of `years`."""
    found: dict[str, VariableStatistics] = {}
    stores = [open_store(root, year, VARIABLES, shape) for year in years]
    for name in VARIABLES:
        offset = LOG_OFFSETS.get(name)
        transform = "none" if offset is None else "log"
        moments = np.zeros(3)
        for store in stores:
            values = store[name].isel(time=slice(None, None, every_h)).values
            moved = transformed(values, transform, offset or 0.0).astype(np.float64)
            moments += moved.size, moved.sum(), np.square(moved).sum()
        mean = moments[1] / moments[0]
        std = float(np.sqrt(max(moments[2] / moments[0] - mean**2, 0.0)))
        if std == 0:
            raise DataError(f"{name} is constant in {root}; it cannot be normalised.")
        found[name] = VariableStatistics(
            mean=float(mean), std=std, transform=transform, offset=offset or 0.0, unit=UNITS[name]
        )
    return Normalisation(variables=found)


def _hours(terrain: Terrain, year: int, world: World) -> Iterator[NDArray[np.float32]]:
    """Fields of each hour after the spin-up, [V, H, W], in physical units and the order of VARIABLES."""
    rng = np.random.default_rng([world.seed, 2, year])
    weather = Weather(terrain, rng)
    pollution = Pollution(terrain, rng, hours=world.spin_up_h + world.hours)
    static = {
        "elevation": terrain.elevation,
        "population": terrain.population,
        "lat2d": terrain.lat,
        "lon2d": terrain.lon,
    }
    for hour in range(-world.spin_up_h, world.hours):
        state = weather.step(hour)
        concentrations = pollution.step(hour, state)
        if hour >= 0:
            fields = {**static, **vars(state), **dict(zip(SPECIES, concentrations, strict=True))}
            yield np.stack([fields[name] for name in VARIABLES])


def _blocks(hours: Iterator[NDArray[np.float32]], size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """(hours before, fields [V, n, H, W]) with n = `size`, fewer in the last block."""
    done, block = 0, []
    for fields in hours:
        block.append(fields)
        if len(block) == size:
            yield done, np.stack(block, axis=1)
            done, block = done + size, []
    if block:
        yield done, np.stack(block, axis=1)


def _dataset(block: NDArray[np.float32], times: NDArray[np.datetime64], terrain: Terrain, signature: str) -> xr.Dataset:
    return xr.Dataset(
        {name: (("time", "lat", "lon"), block[index], {"units": UNITS[name]}) for index, name in enumerate(VARIABLES)},
        coords={"time": times, "lat": terrain.lat[:, 0], "lon": terrain.lon[0]},
        attrs={"world": signature},
    )


def _write(path: Path, dataset: xr.Dataset, *, first: bool) -> None:
    """Create the store, or append along time."""
    if not first:
        dataset.to_zarr(path, append_dim="time", consolidated=False)
        return
    chunks = (BLOCK_H, dataset.sizes["lat"], dataset.sizes["lon"])
    encoding: dict[str, dict[str, object]] = {name: {"chunks": chunks} for name in VARIABLES}
    encoding["time"] = {"units": "hours since 1970-01-01", "dtype": "int64", "chunks": (8784,)}
    dataset.to_zarr(path, mode="w", encoding=encoding, consolidated=False)


def _signature(world: World, year: int) -> str:
    """What a store was made from, as one line of JSON kept in its attributes."""
    return json.dumps({"generator": GENERATOR_VERSION, "year": year, **world.model_dump()}, sort_keys=True)
