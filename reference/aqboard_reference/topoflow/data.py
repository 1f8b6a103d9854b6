"""Samples from yearly zarr stores: `data_YYYY.zarr`, one hourly array (time, lat, lon) per variable."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import lightning as L
import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from aqboard_reference.topoflow.config import DataConfig, ModelConfig
from aqboard_reference.topoflow.errors import DataError
from aqboard_reference.topoflow.lightning_module import Batch
from aqboard_reference.topoflow.normalisation import Normalisation, read_normalisation

DIMENSIONS = ("time", "lat", "lon")


def open_store(root: Path, year: int, variables: Sequence[str], shape: tuple[int, int]) -> xr.Dataset:
    """One year's store, lazily; DataError names the year, the variables or the shape that is missing or wrong."""
    path = root / f"data_{year}.zarr"
    if not path.is_dir():
        present = ", ".join(sorted(p.name for p in root.glob("data_*.zarr"))) or "no stores"
        raise DataError(f"The store for {year} is missing: {path} is not there; {root} has {present}.")
    try:
        store: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=False)
    except (ValueError, KeyError, OSError) as error:
        raise DataError(f"{path} is not a readable zarr store: {' '.join(str(error).split())}") from None
    if absent := [name for name in variables if name not in store]:
        raise DataError(f"{path} lacks {', '.join(absent)}; it has {', '.join(map(str, store.data_vars))}.")
    for name in variables:
        array = store[name]
        if array.dims != DIMENSIONS or array.shape[1:] != shape:
            raise DataError(
                f"{name} in {path} is {dict(array.sizes)}; the model needs (time, lat={shape[0]}, lon={shape[1]})."
            )
    hours = store["time"].values
    if len(hours) > 1 and not (np.diff(hours) == np.timedelta64(1, "h")).all():
        raise DataError(f"The times in {path} are not hourly without gaps; the lead time would be wrong.")
    return store


class StoreDataset(Dataset[Batch]):
    """Samples of several years: (year, start hour, lead time), years in order, then hours, then lead times.

    A request for several samples reads each hour of each variable once. With `in_memory` all hours in use are read
    at construction: [hours, V, H, W] float32.
    """

    def __init__(
        self,
        config: DataConfig,
        model: ModelConfig,
        normalisation: Normalisation,
        years: Sequence[int],
        stride_h: int,
    ) -> None:
        self.variables, self.normalisation = model.variables, normalisation
        self.target_indices = [model.variables.index(name) for name in model.targets]
        shape = (model.img_h, model.img_w)
        self.stores = {year: open_store(config.root, year, model.variables, shape) for year in years}
        self.samples = [
            (year, start, lead)
            for year, store in self.stores.items()
            for start in range(0, store.sizes["time"] - min(config.lead_hours), stride_h)
            for lead in config.lead_hours
            if start + lead < store.sizes["time"]
        ]
        if not self.samples:
            raise DataError(
                f"The years {list(years)} in {config.root} hold no sample: lead times {config.lead_hours} h are longer "
                "than the stores."
            )
        self._memory: Mapping[tuple[int, int], NDArray[np.float32]] = {}
        if config.in_memory:
            self._memory = self._read({key for sample in self.samples for key in _hours(sample)})

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Batch:
        """One sample: x [V, H, W], y [T, H, W], lead time scalar."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Batch]:
        """Several samples, reading what they share once."""
        samples = [self.samples[index] for index in indices]
        frames = self._memory or self._read({key for sample in samples for key in _hours(sample)})
        out = []
        for sample in samples:
            now, later = (frames[key] for key in _hours(sample))
            out.append(
                Batch(
                    torch.from_numpy(now),
                    torch.from_numpy(later[self.target_indices]),
                    torch.tensor(sample[2], dtype=torch.float32),
                )
            )
        return out

    def _read(self, keys: set[tuple[int, int]]) -> dict[tuple[int, int], NDArray[np.float32]]:
        """Normalised fields [V, H, W] of the hours asked for, one read per variable and year."""
        frames: dict[tuple[int, int], NDArray[np.float32]] = {}
        for year, store in self.stores.items():
            hours = sorted(hour for of_year, hour in keys if of_year == year)
            if not hours:
                continue
            block = np.empty((len(hours), len(self.variables), *store[self.variables[0]].shape[1:]), np.float32)
            for index, name in enumerate(self.variables):
                block[:, index] = self.normalisation.apply(name, store[name].isel(time=hours).values)
            frames.update({(year, hour): block[i] for i, hour in enumerate(hours)})
        return frames


class AirQualityDataModule(L.LightningDataModule):
    """Training and validation batches (`Batch`) from yearly stores.

    Raises DataError on a missing store, year, variable or statistic when the loaders are set up.
    """

    def __init__(self, config: DataConfig, model: ModelConfig) -> None:
        super().__init__()
        self.config, self.model_settings = config, model
        self._train: StoreDataset | None = None
        self._val: StoreDataset | None = None

    @property
    def normalisation(self) -> Normalisation:
        """The statistics beside the stores, all of the model's variables present."""
        statistics = read_normalisation(self.config.normalisation_file)
        for name in self.model_settings.variables:
            statistics.of(name)
        return statistics

    def setup(self, stage: str) -> None:
        """Open the stores a stage needs: `fit` both, `validate` only those of the validation years."""
        if stage == "fit" and self._train is None:
            self._train = self._dataset(self.config.train_years, self.config.stride_h)
        if self._val is None:
            self._val = self._dataset(self.config.val_years, self.config.val_stride_h)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled batches of the training years."""
        if self._train is None:
            self.setup("fit")
        assert self._train is not None
        return self._loader(self._train, shuffle=True)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches of the validation years, always in the same order."""
        if self._val is None:
            self.setup("validate")
        assert self._val is not None
        return self._loader(self._val, shuffle=False)

    def _dataset(self, years: Sequence[int], stride_h: int) -> StoreDataset:
        return StoreDataset(self.config, self.model_settings, self.normalisation, years, stride_h)

    def _loader(self, dataset: StoreDataset, *, shuffle: bool) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=self.config.batch_size,
            shuffle=shuffle,
            drop_last=shuffle and len(dataset) > self.config.batch_size,
            num_workers=self.config.num_workers,
            persistent_workers=self.config.num_workers > 0,
        )


def _hours(sample: tuple[int, int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(year, hour) of the input and of the target of a sample."""
    year, start, lead = sample
    return (year, start), (year, start + lead)
