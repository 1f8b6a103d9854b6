"""The team's model: a recurrent network per station, trained with `pytorch_lightning`."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F


class StationForecaster(pl.LightningModule):
    """PM2.5 some hours ahead, from the last day at the station: now, plus a change."""

    def __init__(self, variables: int = 3, hidden: int = 24, lr: float = 5e-3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.past = nn.GRU(variables, hidden, batch_first=True)
        self.change = nn.Linear(hidden, 1)

    def forward(self, past: torch.Tensor) -> torch.Tensor:
        """past [B, hours, variables] -> [B], z-scored."""
        states, _ = self.past(past)
        return past[:, -1, 0] + self.change(states[:, -1]).squeeze(1)

    def training_step(self, batch, batch_index):
        loss = self._loss(batch)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, batch_index):
        self.log("val_loss", self._loss(batch), batch_size=len(batch[0]))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)

    def _loss(self, batch):
        past, future = batch
        return F.mse_loss(self(past), future)
