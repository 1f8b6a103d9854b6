"""What does not move: mountains, cities, coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

DX_M = 40e3
DEGREES_PER_CELL = DX_M / 111e3
CENTRE_LAT, CENTRE_LON = 45.0, 10.0
MAX_ELEVATION_M = 4200.0


@dataclass(frozen=True, eq=False)
class Terrain:
    """Static fields [H, W], row 0 in the north; `cities` [C, H, W] are the cities' emission patterns."""

    elevation: Field  # m
    population: Field  # persons per km2
    lat: Field  # degrees north
    lon: Field  # degrees east
    cities: Field


def make_terrain(height: int, width: int, *, num_cities: int, seed: int) -> Terrain:
    """Smoothed noise as mountains, Gaussian cities that avoid them."""
    rng = np.random.default_rng([seed, 1])
    relief = _smooth_noise(height, width, waves=10, rng=rng)
    elevation = np.minimum(1200 * np.maximum(relief - 0.2, 0) ** 1.3, MAX_ELEVATION_M)
    likely = np.exp(-elevation / 500).ravel()
    sites = rng.choice(height * width, size=num_cities, replace=False, p=likely / likely.sum())
    sizes = np.exp(0.9 * rng.standard_normal(num_cities))
    rows, cols = np.mgrid[0:height, 0:width]
    distance2 = (rows - (sites // width)[:, None, None]) ** 2 + (cols - (sites % width)[:, None, None]) ** 2
    cities = np.exp(-distance2 / 2) * sizes[:, None, None]
    return Terrain(
        elevation=elevation.astype(np.float32),
        population=(1000 * cities.sum(0)).astype(np.float32),
        lat=(CENTRE_LAT - (rows - height / 2) * DEGREES_PER_CELL).astype(np.float32),
        lon=(CENTRE_LON + (cols - width / 2) * DEGREES_PER_CELL).astype(np.float32),
        cities=cities.astype(np.float32),
    )


def _smooth_noise(height: int, width: int, *, waves: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise without waves shorter than the domain / `waves`, unit standard deviation."""
    along_y = np.fft.fftfreq(height) * height
    along_x = np.fft.rfftfreq(width) * width
    wave = np.hypot(along_y[:, None] * width / height, along_x[None])
    damping = np.exp(-((wave / waves) ** 2))
    damping[0, 0] = 0.0
    field: NDArray[np.float64] = np.fft.irfft2(
        np.fft.rfft2(rng.standard_normal((height, width))) * damping, s=(height, width)
    )
    field /= field.std()
    return field
