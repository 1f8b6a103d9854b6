"""Six pollutants emitted by cities and fires, carried by the wind, diffusing and decaying."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aqboard_reference.topoflow.world.terrain import DX_M, Field, Terrain
from aqboard_reference.topoflow.world.weather import WeatherState

SPECIES = ("pm25", "pm10", "so2", "no2", "co", "o3")
LIFETIME_H = (30.0, 20.0, 14.0, 18.0, 48.0, 30.0)
FIRE_SHARE = (1.0, 1.0, 0.2, 0.4, 1.0, 0.2)
DIFFUSIVITY_M2_S = 6e3
STEP_S = 3600.0
EMISSION = 3.0  # ug/m3 per hour at the centre of a city of size 1
EMISSION_MEMORY_H = 36.0
FIRES_PER_WEEK = 4


class Pollution:
    """Concentrations [6, H, W] in ug/m3; call `step` once per hour with that hour's weather."""

    def __init__(self, terrain: Terrain, rng: np.random.Generator, *, hours: int) -> None:
        height, width = terrain.elevation.shape
        self._rng = rng
        self._cities = torch.from_numpy(terrain.cities)
        self._concentration = torch.zeros(len(SPECIES), height, width)
        self._activity = rng.standard_normal((len(SPECIES), len(terrain.cities)))
        # Each city keeps its mix of species in every year: it belongs to the terrain's seed, not to the year's.
        mix = np.random.default_rng(len(terrain.cities)).standard_normal(self._activity.shape)
        self._mix = np.exp(0.4 * mix)
        self._decay = torch.tensor([math.exp(-1 / life) for life in LIFETIME_H])[:, None, None]
        self._rows, self._cols = torch.meshgrid(
            torch.arange(height, dtype=torch.float32), torch.arange(width, dtype=torch.float32), indexing="ij"
        )
        fires = max(1, round(FIRES_PER_WEEK * hours / 168))
        place = torch.from_numpy(rng.random((2, fires, 1, 1)).astype(np.float32))
        distance2 = (self._rows - height * place[0]) ** 2 + (self._cols - width * place[1]) ** 2
        self._fires = torch.exp(-distance2 / 4.5)
        self._fire_start = rng.random(fires) * hours
        self._fire_end = self._fire_start + 12 + 36 * rng.random(fires)
        self._fire_size = 3 * rng.random(fires)

    def step(self, hour: int, weather: WeatherState) -> Field:
        """Carry, spread, decay and emit for one hour; the concentrations after it, [6, H, W] ug/m3."""
        carried = self._advect(torch.from_numpy(weather.u), torch.from_numpy(weather.v))
        spread = self._diffuse(carried)
        self._concentration = spread * self._decay + self._emissions(hour)
        out: Field = self._concentration.numpy().copy()
        return out

    def _advect(self, u: Tensor, v: Tensor) -> Tensor:
        """Semi-Lagrangian step: each cell takes the air that was upwind an hour ago; clean air enters at the edges."""
        height, width = u.shape
        cols = self._cols - u * (STEP_S / DX_M)
        rows = self._rows + v * (STEP_S / DX_M)
        where = torch.stack([(cols + 0.5) / width * 2 - 1, (rows + 0.5) / height * 2 - 1], -1)
        field = self._concentration[None]
        return F.grid_sample(field, where[None], padding_mode="zeros", align_corners=False)[0]

    def _diffuse(self, field: Tensor) -> Tensor:
        """One explicit diffusion step."""
        number = DIFFUSIVITY_M2_S * STEP_S / DX_M**2
        padded = F.pad(field[None], (1, 1, 1, 1), mode="replicate")[0]
        around = padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2] + padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1]
        return field + number * (around - 4 * field)

    def _emissions(self, hour: int) -> Tensor:
        """Emission of this hour, [6, H, W]: cities by day and by mood, and the fires that burn."""
        keep = math.exp(-1 / EMISSION_MEMORY_H)
        noise = self._rng.standard_normal(self._activity.shape)
        self._activity = keep * self._activity + math.sqrt(1 - keep**2) * noise
        day = 1 + 0.4 * math.sin(2 * math.pi * (hour % 24 - 9) / 24)
        strength = torch.from_numpy((np.exp(self._activity) * self._mix * day).astype(np.float32))
        burning = self._fire_size * ((self._fire_start < hour) & (hour < self._fire_end))
        smoke = torch.einsum("f,fhw->hw", torch.from_numpy(burning.astype(np.float32)), self._fires)
        cities = torch.einsum("kc,chw->khw", strength, self._cities)
        return EMISSION * (cities + torch.tensor(FIRE_SHARE)[:, None, None] * smoke)
