"""Train the forecaster: makes the data, writes `best.ckpt` and `metrics.csv`, prints the best validation loss."""

import logging
import shutil
import warnings
from pathlib import Path

import pytorch_lightning as pl
import stations
from forecaster import StationForecaster
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

HERE = Path(__file__).parent


def main() -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=UserWarning)  # advice on workers; the data is in memory
    stations.make(HERE / "data")
    pl.seed_everything(1, verbose=False)
    best = ModelCheckpoint(HERE / "runs", filename="forecaster-{val_loss:.4f}", monitor="val_loss")
    trainer = pl.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=CSVLogger(HERE / "runs", name="log", version=0),
        callbacks=[best],
        log_every_n_steps=5,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(StationForecaster(), stations.loader(HERE / "data", "train"), stations.loader(HERE / "data", "val"))
    shutil.copyfile(best.best_model_path, HERE / "best.ckpt")
    shutil.copyfile(HERE / "runs" / "log" / "version_0" / "metrics.csv", HERE / "metrics.csv")
    print(f"best.ckpt, val_loss {float(best.best_model_score):.4f}")


if __name__ == "__main__":
    main()
