"""Generated stores and the DataModule that reads them: real zarr on disk."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from aqboard_reference.topoflow.config import VARIABLES, DataConfig, ModelConfig
from aqboard_reference.topoflow.data import AirQualityDataModule, open_store
from aqboard_reference.topoflow.errors import DataError
from aqboard_reference.topoflow.generate import World, compute_normalisation, ensure_store, generate_store
from aqboard_reference.topoflow.lightning_module import Batch
from aqboard_reference.topoflow.normalisation import read_normalisation

WORLD = World(img_h=16, img_w=32, hours=15, spin_up_h=3, num_cities=4)


def data_module(root: Path, model: ModelConfig, **changes) -> AirQualityDataModule:
    settings = {"train_years": (2018,), "val_years": (2019,), "lead_hours": (12, 24), "stride_h": 6, "batch_size": 3}
    return AirQualityDataModule(DataConfig(root=root, **(settings | changes)), model)


def content(path: Path) -> str:
    store = xr.open_zarr(path, chunks=None, consolidated=False)
    return hashlib.sha256(b"".join(store[name].values.tobytes() for name in (*VARIABLES, "time"))).hexdigest()


def test_generation_is_deterministic_by_seed_and_year(tmp_path):
    made = {}
    for folder, year, seed in (("a", 2019, 0), ("b", 2019, 0), ("c", 2018, 0), ("d", 2019, 1)):
        path = ensure_store(tmp_path / folder, year, WORLD.model_copy(update={"seed": seed}))
        made[folder] = content(path)
    assert made["a"] == made["b"]
    assert len(set(made.values())) == 3


def test_a_store_is_hourly_complete_and_physically_plausible(stores):
    store = open_store(stores, 2019, VARIABLES, (16, 32))
    assert store.sizes == {"time": 48, "lat": 16, "lon": 32}
    assert (np.diff(store["time"].values) == np.timedelta64(1, "h")).all()
    assert (np.diff(store["lat"].values) < 0).all(), "row 0 is the north"
    for name in VARIABLES:
        assert np.isfinite(store[name].values).all(), name
    for name in ("pm25", "pm10", "so2", "no2", "co", "o3", "population", "elevation"):
        assert float(store[name].min()) >= 0, name
    speed = np.hypot(store["u"].values, store["v"].values)
    assert 1 < speed.mean() < 10
    assert speed.max() < 40
    assert 220 < float(store["temp"].min()) < float(store["temp"].max()) < 330
    assert (store["elevation"].values == store["elevation"].values[0]).all()
    assert not (store["pm25"].values[0] == store["pm25"].values[12]).all()


def test_pollution_moves_with_the_wind(stores):
    """The field an hour later fits the field shifted downwind better than the field shifted upwind."""
    store = open_store(stores, 2019, VARIABLES, (16, 32))
    field, east = store["co"].values, store["u"].values
    windy = east[:-1] > 2.0
    later = field[1:]
    downwind, upwind = np.roll(field[:-1], 1, axis=2), np.roll(field[:-1], -1, axis=2)
    inner = np.s_[:, :, 2:-2]
    error = {
        name: np.abs(later - moved)[inner][windy[inner]].mean() for name, moved in (("down", downwind), ("up", upwind))
    }
    assert error["down"] < error["up"]


def test_progress_reaches_the_end_and_nothing_partial_remains(tmp_path):
    seen: list[tuple[int, int]] = []
    ensure_store(tmp_path, 2019, WORLD, lambda done, total: seen.append((done, total)))
    assert seen == [(12, 15), (15, 15)]
    assert [path.name for path in tmp_path.iterdir()] == ["data_2019.zarr"]


def test_an_interrupted_generation_leaves_no_store(tmp_path):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_store(tmp_path, 2019, WORLD, interrupt)
    assert not (tmp_path / "data_2019.zarr").exists()
    ensure_store(tmp_path, 2019, WORLD)
    assert open_store(tmp_path, 2019, VARIABLES, (16, 32)).sizes["time"] == 15


def test_a_store_of_other_settings_is_neither_used_nor_overwritten(tmp_path):
    path = ensure_store(tmp_path, 2019, WORLD)
    before = content(path)
    with pytest.raises(DataError, match="was made with other settings"):
        ensure_store(tmp_path, 2019, WORLD.model_copy(update={"seed": 5}))
    with pytest.raises(DataError, match="exists already"):
        generate_store(path, 2019, WORLD)
    assert content(path) == before


def test_statistics_are_those_of_the_transformed_values(stores):
    statistics = compute_normalisation(stores, [2018, 2019], (16, 32), every_h=1)
    values = np.concatenate([open_store(stores, y, VARIABLES, (16, 32))["pm25"].values for y in (2018, 2019)])
    logs = np.log(values.astype(np.float64) + 1.0)
    assert statistics.of("pm25").transform == "log"
    assert statistics.of("pm25").mean == pytest.approx(logs.mean(), rel=1e-5)
    assert statistics.of("pm25").std == pytest.approx(logs.std(), rel=1e-5)
    assert statistics.of("u").transform == "none"


def test_statistics_survive_the_file_and_their_digest_follows_the_numbers(stores, tmp_path):
    statistics = read_normalisation(stores / "normalisation.json")
    statistics.save(tmp_path / "n.json")
    again = read_normalisation(tmp_path / "n.json")
    assert again == statistics
    assert again.digest(VARIABLES) == statistics.digest(VARIABLES)
    moved = statistics.of("u").model_copy(update={"mean": statistics.of("u").mean + 1e-9})
    other = statistics.model_copy(update={"variables": {**statistics.variables, "u": moved}})
    assert other.digest(VARIABLES) != statistics.digest(VARIABLES)
    assert other.digest(("v",)) == statistics.digest(("v",))


def test_a_sample_is_the_store_normalised(stores, small):
    module = data_module(stores, small)
    dataset = module.val_dataloader().dataset
    assert [sample[1:] for sample in dataset.samples] == [(0, 12), (0, 24), (24, 12)]
    sample = dataset[1]
    store = open_store(stores, 2019, VARIABLES, (16, 32))
    statistics = module.normalisation
    u, later = store["u"].values[0], store["so2"].values[24]
    np.testing.assert_allclose(
        sample.x[0], (u - statistics.of("u").mean) / statistics.of("u").std, rtol=1e-4, atol=1e-5
    )
    so2 = statistics.of("so2")
    np.testing.assert_allclose(sample.y[2], (np.log(later + 1.0) - so2.mean) / so2.std, rtol=1e-4, atol=1e-5)
    assert float(sample.lead_times) == 24.0


def test_batches_have_the_models_shapes_and_repeat_exactly(stores, small):
    module = data_module(stores, small, val_stride_h=12)
    batches = [Batch(*batch) for batch in module.val_dataloader()]
    assert [tuple(batch.x.shape) for batch in batches] == [(3, 15, 16, 32), (2, 15, 16, 32)]
    assert batches[0].y.shape == (3, 6, 16, 32)
    assert batches[0].lead_times.tolist() == [12.0, 24.0, 12.0]
    assert batches[0].x.dtype == torch.float32
    again = [Batch(*batch) for batch in module.val_dataloader()]
    assert all(torch.equal(a.x, b.x) and torch.equal(a.y, b.y) for a, b in zip(batches, again, strict=True))


def test_in_memory_gives_the_same_batches(stores, small):
    lazy, eager = (next(iter(data_module(stores, small, in_memory=m).val_dataloader())) for m in (False, True))
    assert torch.equal(lazy[0], eager[0])
    assert torch.equal(lazy[1], eager[1])


def test_training_batches_are_shuffled_over_all_samples(stores, small):
    module = data_module(stores, small, batch_size=2)
    loader = module.train_dataloader()
    assert len(loader.dataset) == 6 + 4
    torch.manual_seed(0)
    leads = [batch[2].tolist() for batch in loader]
    assert sum(map(len, leads)) == 10
    assert leads != [[12.0, 24.0]] * 5


def test_a_missing_year_or_variable_is_named(stores, small, tmp_path):
    with pytest.raises(DataError, match=r"store for 2017 is missing.*data_2018.zarr, data_2019.zarr"):
        data_module(stores, small, val_years=(2017,)).val_dataloader()
    shutil.copytree(stores, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "data_2019.zarr" / "co")
    with pytest.raises(DataError, match=r"data_2019.zarr lacks co; it has"):
        data_module(tmp_path / "copy", small).val_dataloader()


def test_a_folder_that_is_no_store_is_refused(stores, small, tmp_path):
    (tmp_path / "data_2019.zarr").mkdir()
    shutil.copy(stores / "normalisation.json", tmp_path)
    with pytest.raises(DataError, match=r"not a readable zarr store|lacks"):
        data_module(tmp_path, small).val_dataloader()


def test_another_grid_is_refused_with_both_shapes(stores, small):
    wide = small.model_copy(update={"img_w": 64})
    with pytest.raises(DataError, match=r"u in .*'lon': 32.*needs \(time, lat=16, lon=64\)"):
        data_module(stores, wide).val_dataloader()


def test_gaps_in_time_are_refused(stores, small, tmp_path):
    store = xr.open_zarr(stores / "data_2019.zarr", chunks=None, consolidated=False).load()
    gappy = store.isel(time=[i for i in range(48) if i != 20])
    for name in gappy.variables:
        gappy[name].encoding.clear()
    gappy.to_zarr(tmp_path / "data_2019.zarr", consolidated=False)
    shutil.copy(stores / "normalisation.json", tmp_path)
    with pytest.raises(DataError, match="not hourly without gaps"):
        data_module(tmp_path, small).val_dataloader()


def test_stores_shorter_than_the_lead_time_are_refused(stores, small):
    with pytest.raises(DataError, match="hold no sample"):
        data_module(stores, small, lead_hours=(96,)).val_dataloader()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"normalisation.json cannot be read \(No such file"),
        ("{", "does not hold normalisation statistics"),
        ('{"variables": {"u": {"mean": 0, "std": 0}}}', "variables.u.std: Input should be greater than 0"),
        ('{"variables": {"u": {"mean": 0, "std": 1}}}', "no normalisation statistics for the variable 'v'"),
    ],
)
def test_statistics_that_cannot_be_used_are_refused(stores, small, tmp_path, text, message):
    shutil.copytree(stores / "data_2019.zarr", tmp_path / "data_2019.zarr")
    if text is not None:
        (tmp_path / "normalisation.json").write_text(text)
    with pytest.raises(DataError, match=message):
        data_module(tmp_path, small).val_dataloader()
