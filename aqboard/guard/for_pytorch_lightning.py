"""The guard for trainings that import `pytorch_lightning`: two lines in the team's script.

from aqboard.guard.for_pytorch_lightning import LaunchGuard
trainer = Trainer(callbacks=[..., LaunchGuard()])
"""

from pytorch_lightning.callbacks import Callback

from aqboard.guard.callback import GuardHooks


class LaunchGuard(GuardHooks, Callback):
    """See `GuardHooks`."""
