"""Made-up measurements at air-quality stations: hourly PM2.5, wind speed and temperature."""

import math
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

PAST_H, AHEAD_H = 24, 6
VARIABLES = ("pm25", "wind_speed", "temperature")
YEARS = {"train": 2021, "val": 2022}


def make(folder: Path, stations: int = 12, hours: int = 600) -> None:
    """Write `stations_YEAR.pt` for both years: a float32 tensor [stations, hours, variables], z-scored."""
    folder.mkdir(parents=True, exist_ok=True)
    for year in YEARS.values():
        torch.save(_year(year, stations, hours), folder / f"stations_{year}.pt")


def loader(folder: Path, split: str, batch_size: int = 32) -> DataLoader:
    """Batches (past [B, PAST_H, variables], future [B]) of one split; shuffled for training only."""
    series = torch.load(folder / f"stations_{YEARS[split]}.pt", weights_only=True)
    windows = series.unfold(1, PAST_H + AHEAD_H, 8).permute(0, 1, 3, 2).flatten(0, 1)  # [n, hours, variables]
    samples = TensorDataset(windows[:, :PAST_H].contiguous(), windows[:, -1, 0].contiguous())
    return DataLoader(samples, batch_size, shuffle=split == "train")


def _year(year: int, stations: int, hours: int) -> torch.Tensor:
    """Emissions with a daily cycle, blown away by wind; both are red noise."""
    random = torch.Generator().manual_seed(year)
    t = torch.arange(hours)
    noise = torch.randn(2, stations, hours, generator=random)
    for hour in range(1, hours):
        noise[:, :, hour] = 0.95 * noise[:, :, hour - 1] + 0.3 * noise[:, :, hour]
    wind = (3 + 2 * noise[0]).clamp(0.3, 12)
    temperature = 10 - 5 * torch.cos(2 * math.pi * t / 24) + noise[1]
    emission = 1.5 + torch.sin(2 * math.pi * (t - 6) / 24) + 0.3 * noise[1]
    pm25 = torch.zeros(stations, hours)
    for hour in range(1, hours):
        pm25[:, hour] = 0.9 * pm25[:, hour - 1] + emission[:, hour] / wind[:, hour]
    columns = (pm25, wind, temperature.expand(stations, -1))
    return torch.stack([(c - c.mean()) / c.std() for c in columns], dim=-1)
