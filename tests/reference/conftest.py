"""Small models and stores that the topoflow tests share."""

from pathlib import Path

import pytest
import torch
from aqboard_reference.topoflow.config import DataConfig, ModelConfig, OptimiserConfig, TrainConfig
from aqboard_reference.topoflow.generate import World, compute_normalisation, ensure_store
from aqboard_reference.topoflow.normalisation import Normalisation, VariableStatistics

SMALL = ModelConfig(
    img_h=16,
    img_w=32,
    embed_dim=16,
    depth=2,
    heads=2,
    regions_h=4,
    regions_w=4,
    num_sectors=16,
    scan_layout="corrected",
)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def small() -> ModelConfig:
    """16 x 32 pixels, 8 x 16 patches, 4 x 4 regions of 2 x 4 patches."""
    return SMALL


@pytest.fixture
def normalisation() -> Normalisation:
    """Statistics of plausible size for every variable."""
    found = {name: VariableStatistics(mean=0.0, std=1.0) for name in SMALL.variables}
    found["u"] = VariableStatistics(mean=2.8, std=2.0, unit="m/s")
    found["v"] = VariableStatistics(mean=0.5, std=1.9, unit="m/s")
    found["elevation"] = VariableStatistics(mean=400.0, std=700.0, unit="m")
    return Normalisation(variables=found)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real stores of 48 hours, 2018 and 2019, with normalisation.json of 2018."""
    root = tmp_path_factory.mktemp("stores")
    world = World(img_h=16, img_w=32, hours=48, spin_up_h=6, num_cities=6)
    for year in (2018, 2019):
        ensure_store(root, year, world)
    compute_normalisation(root, [2018], (16, 32)).save(root / "normalisation.json")
    return root


@pytest.fixture
def training(stores: Path, tmp_path: Path, small: ModelConfig) -> TrainConfig:
    """A training of four steps on the CPU."""
    return TrainConfig(
        model=small,
        data=DataConfig(
            root=stores, train_years=(2018,), val_years=(2019,), lead_hours=(12,), stride_h=6, batch_size=2
        ),
        optimiser=OptimiserConfig(lr=1e-3, warmup_steps=1),
        output=tmp_path / "training",
        max_steps=4,
        val_every_steps=2,
        log_every_steps=1,
        banded_share=0.5,
        accelerator="cpu",
    )
