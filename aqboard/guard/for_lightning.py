"""The guard for trainings that import `lightning.pytorch`: two lines in the team's script.

from aqboard.guard.for_lightning import LaunchGuard
trainer = Trainer(callbacks=[..., LaunchGuard()])
"""

from lightning.pytorch.callbacks import Callback

from aqboard.guard.callback import GuardHooks


class LaunchGuard(GuardHooks, Callback):
    """See `GuardHooks`."""
