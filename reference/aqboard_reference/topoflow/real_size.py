"""Artefacts as large as the team's: two caches of one content and a checkpoint nobody trained. Made on demand."""

from collections.abc import Callable
from pathlib import Path

import lightning as L
import torch

from aqboard.readers.caches.scan_cache import build_scan_cache
from aqboard_reference.topoflow.cache_file import KEYS, write_scan_cache
from aqboard_reference.topoflow.config import ModelConfig
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.normalisation import Normalisation
from aqboard_reference.topoflow.provenance import KEY, Period, stamp


def real_size_artefacts(
    folder: Path, normalisation: Normalisation, *, say: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """Write two caches (6.6 MB each, other key order) and the random-init checkpoint (200 MB); their paths.

    `normalisation`: statistics for all of the model's variables, kept in the checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = ModelConfig()
    cache = build_scan_cache(config.grid_h, config.grid_w)
    caches = [folder / "wind_scanner_cache.pkl", folder / "wind_cache_64x128.pkl"]
    for path, keys in zip(caches, (KEYS, KEYS[::-1]), strict=True):
        say(f"Writing {path}.")
        write_scan_cache(cache, path, key_order=keys)
    checkpoint = folder / "random-init.ckpt"
    say(f"Writing {checkpoint}.")
    torch.manual_seed(0)
    module = TopoFlowModule(config, normalisation, cache=cache)
    torch.save(
        {
            "epoch": 0,
            "global_step": 0,
            "pytorch-lightning_version": L.__version__,
            "state_dict": module.state_dict(),
            "hyper_parameters": dict(module.hparams),
            KEY: stamp(module, caches[0], Period(train_years=(), val_years=()), Path(__file__).parent),
        },
        checkpoint,
    )
    return [*caches, checkpoint]
