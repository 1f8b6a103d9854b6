"""Train the reference model: `python -m aqboard_reference.topoflow.train CONFIG.yaml`.

Writes the CSV log (`metrics.csv`) and the checkpoint with the best val_loss into `output/version_N`.
"""

import logging
from pathlib import Path
from typing import Annotated

import lightning as L
import torch
import typer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

from aqboard.domain.errors import AqboardError
from aqboard.readers.caches.scan_cache import ScanCache, cache_digests, read_scan_cache
from aqboard_reference.topoflow.config import TrainConfig, load_train_config
from aqboard_reference.topoflow.data import AirQualityDataModule
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.provenance import Period, Provenance

CHECKPOINT_NAME = "best-val_loss_{val_loss:.4f}-step_{step}"
"""The team's style: Lightning adds the metric's name, `best-val_loss_val_loss=0.1090-step_step=311.ckpt`."""


def build_module(config: TrainConfig, data: AirQualityDataModule) -> TopoFlowModule:
    """The module a training builds: seeded, with the cache the config names (or the formula's)."""
    cache: ScanCache | None = None
    known: dict[str, str | None] | None = None
    if config.scan_cache is not None:
        cache = read_scan_cache(config.scan_cache)
        known = {"path": str(config.scan_cache), "digest": cache_digests(cache).content}
    L.seed_everything(config.seed, verbose=False)
    module = TopoFlowModule(
        config.model,
        data.normalisation,
        config.optimiser,
        config.data.model_dump(mode="json"),
        known,
        banded_steps=round(config.banded_share * config.max_steps),
        cache=cache,
    )
    module.model.climax.activation_checkpointing = config.activation_checkpointing
    return module


def train(config: TrainConfig, *, progress: bool = True) -> Path:
    """Train as configured; returns the checkpoint with the best val_loss.

    Raises AqboardError subclasses on a config, store, statistic or cache that cannot be used, before the first step.
    """
    data = AirQualityDataModule(config.data, config.model)
    module = build_module(config, data)
    data.setup("fit")
    logger = CSVLogger(config.output.parent, name=config.output.name)
    best = ModelCheckpoint(
        dirpath=Path(logger.log_dir) / "checkpoints",
        filename=CHECKPOINT_NAME,
        monitor="val_loss",
        save_weights_only=config.save_weights_only,
    )
    period = Period(train_years=config.data.train_years, val_years=config.data.val_years)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no advertisements on stderr
    trainer = L.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        num_nodes=config.num_nodes,
        precision=config.precision,
        max_steps=config.max_steps,
        max_epochs=-1,
        val_check_interval=config.val_every_steps,
        check_val_every_n_epoch=None,
        log_every_n_steps=config.log_every_steps,
        gradient_clip_val=1.0,
        logger=logger,
        callbacks=[best, Provenance(cache_path=config.scan_cache, period=period)],
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
    trainer.fit(module, datamodule=data)
    return Path(best.best_model_path)


def main(
    config: Annotated[Path, typer.Argument(help="YAML with model, data, optimiser; see docs/reference_model.md")],
    threads: Annotated[int | None, typer.Option(help="CPU threads; default: all")] = None,
) -> None:
    """Train the reference model as CONFIG says and print the path of the best checkpoint."""
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        typer.echo(train(load_train_config(config)))
    except AqboardError as error:
        typer.echo(f"error: {error.message}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
