"""Wind from a travelling stream function, slowed and deflected by mountains, and the weather that goes with it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqboard_reference.topoflow.world.terrain import DX_M, Field, Terrain

Floats = NDArray[np.float64]

MODES = 10
MEAN_WIND_M_S = 3.5
EDDY_WIND_M_S = 3.6
MEMORY_H = 72.0
"""Time scale on which the mean flow and the strength of each mode wander."""


@dataclass(frozen=True, eq=False)
class WeatherState:
    """One hour's fields [H, W]: wind m/s (east, north), temperature K, relative humidity %, surface pressure hPa."""

    u: Field
    v: Field
    temp: Field
    rh: Field
    psfc: Field


class Weather:
    """Hourly weather over a terrain; call `step` once per hour, in order."""

    def __init__(self, terrain: Terrain, rng: np.random.Generator) -> None:
        height, width = terrain.elevation.shape
        self._terrain, self._rng = terrain, rng
        self._rows, self._cols = np.arange(height), np.arange(width)
        self._waves_x = rng.integers(1, 5, MODES)
        self._waves_y = rng.integers(0, 4, MODES)
        self._phase = 2 * math.pi * rng.random(MODES)
        self._turning = 2 * math.pi * (rng.random(MODES) - 0.2) / 60.0  # radians per hour, mostly eastward
        wavenumber = np.hypot(2 * math.pi * self._waves_x / width, math.pi * self._waves_y / height)
        self._scale = DX_M / wavenumber  # stream function per unit of wind
        self._strength = rng.standard_normal(MODES)
        self._mean = rng.standard_normal(2)
        smooth = _box_mean(_box_mean(terrain.elevation.astype(np.float64)))
        slope_rows, slope_cols = np.gradient(smooth)
        norm = np.hypot(slope_rows, slope_cols) + 60.0
        self._uphill_east, self._uphill_north = slope_cols / norm, -slope_rows / norm
        self._slowing = 1 / (1 + terrain.elevation / 1500.0)

    def step(self, hour: int) -> WeatherState:
        """Weather at `hour` (hours since start; local time is `hour % 24`)."""
        keep = math.exp(-1 / MEMORY_H)
        self._strength = keep * self._strength + math.sqrt(1 - keep**2) * self._rng.standard_normal(MODES)
        self._mean = keep * self._mean + math.sqrt(1 - keep**2) * self._rng.standard_normal(2)
        stream = self._stream_function(hour)
        # Row index grows southward: u = d psi / d row, v = d psi / d column.
        u: Floats = np.gradient(stream, DX_M, axis=0)
        v: Floats = np.gradient(stream, DX_M, axis=1)
        uphill = np.maximum(u * self._uphill_east + v * self._uphill_north, 0.0)
        u = (u - 0.8 * uphill * self._uphill_east) * self._slowing
        v = (v - 0.8 * uphill * self._uphill_north) * self._slowing
        return self._state(hour, u, v, stream / stream.std())

    def _stream_function(self, hour: int) -> Floats:
        height, width = self._terrain.elevation.shape
        along_x = np.cos(
            2 * math.pi * self._waves_x[:, None] * self._cols / width + (self._phase - self._turning * hour)[:, None]
        )
        along_y = np.cos(math.pi * self._waves_y[:, None] * self._rows / height + 1.7 * self._phase[:, None])
        amplitude = EDDY_WIND_M_S * self._strength * self._scale * math.sqrt(2 / MODES)
        east = MEAN_WIND_M_S * (1 + 0.5 * self._mean[0])
        north = 0.5 * MEAN_WIND_M_S * self._mean[1]
        mean = DX_M * (east * (self._rows - height / 2)[:, None] + north * (self._cols - width / 2)[None])
        stream: Floats = np.einsum("m,mh,mw->hw", amplitude, along_y, along_x) + mean
        return stream

    def _state(self, hour: int, u: Floats, v: Floats, anomaly: Floats) -> WeatherState:
        """Temperature falls with height and to the north and follows the day; humidity and pressure the flow."""
        elevation = self._terrain.elevation
        southward = (self._rows - elevation.shape[0] / 2)[:, None]
        day = 4 * math.sin(2 * math.pi * (hour % 24 - 9) / 24)
        temp = 285 + 0.45 * southward - 0.0065 * elevation + day + 1.5 * anomaly
        rh = np.clip(60 - 10 * anomaly - 0.5 * (temp - 285), 2.0, 100.0)
        psfc = 1013 - 0.11 * elevation + 4 * anomaly
        fields = (u, v, temp, rh, psfc)
        return WeatherState(*(field.astype(np.float32) for field in fields))


def _box_mean(field: Floats) -> Floats:
    """Mean over 3 x 3 cells, edges repeated."""
    padded = np.pad(field, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: Floats = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return mean
