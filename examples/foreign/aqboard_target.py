"""How aqboard reaches the forecaster."""

import stations
from forecaster import StationForecaster

from aqboard.api.target import SimpleTarget


def build(plan):
    return SimpleTarget(
        plan,
        module=lambda: StationForecaster(**plan.target.options),
        batches=lambda: stations.loader(plan.data.directory, "val"),
        persistence=lambda batch: (batch[0][:, -1, 0] - batch[1]).square().mean(),
        train_batches=lambda: stations.loader(plan.data.directory, "train"),
    )
