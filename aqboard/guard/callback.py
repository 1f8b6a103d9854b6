"""The guard's part in a Lightning training, for either of Lightning's packages (`for_lightning`, ...).

Off without `AQBOARD_MANIFEST`, so that a script with the guard in it can be run by hand. Only `fit` is guarded.

What it leaves in the checkpoints is plain data: from which signed launch they come. A canary is the same training on
few nodes, and ends well once the guard has seen what it was to see.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch

from aqboard.domain.job.guard_verdict import GuardCheck, Stop
from aqboard.domain.job.manifest import LaunchManifest, launch_facts
from aqboard.guard import first_loss
from aqboard.guard.guarded_run import GuardedRun
from aqboard.guard.judge import Look
from aqboard.guard.manifest import ManifestRefused, read_manifest
from aqboard.guard.rows import COMPARED, SHARDED, RankRow, share
from aqboard.guard.weights import SHARDING, not_finite, weights_digest
from aqboard.settings import guard_manifest, guard_manifest_sha256, in_canary

logger = logging.getLogger(__name__)

STAMP = "aqboard_launch"
"""Key of the stamp in a checkpoint."""


class GuardHooks:
    """Stops a training that is not what was signed, on all ranks with the same exit code."""

    def __init__(self, manifest: Path | str | None = None) -> None:
        """`manifest`: by default the one that the launch script names."""
        self._path = Path(manifest) if manifest else guard_manifest()
        self._forget()

    def _forget(self) -> None:
        """A new `fit` is guarded from its start."""
        self._run: GuardedRun | None = None
        self._looked_at: set[str | int] = set()
        self._first_step = 0
        self._batch_s: list[float] = []
        self._batch_ended: float | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Read the manifest; every rank, because each must know what was signed."""
        others = [callback for callback in trainer.callbacks if isinstance(callback, GuardHooks)]
        if stage != "fit" or self._path is None or others[0] is not self:
            logger.debug("not guarded by this callback: stage %s, manifest %s", stage, self._path)
            return
        self._forget()
        try:
            manifest = read_manifest(self._path, guard_manifest_sha256())
        except ManifestRefused as refused:
            print(f"aqboard guard: {refused.fault.sentence}", file=sys.stderr, flush=True)
            raise SystemExit(int(refused.fault.code)) from None
        self._run = GuardedRun(manifest, trainer.strategy.root_device)
        logger.info("guarding attempt %s, seal %s", manifest.attempt, manifest.seal[:12])

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Before the first step: everything that may load weights has had its turn."""
        if self._run is None:
            return
        if "start" in self._looked_at:
            # A step that another rank does not take part in would never end. The first one may compile for long.
            self._run.watchdog.begin()
            return
        self._looked_at.add("start")
        self._first_step = trainer.global_step
        at = Look("start", self._first_step, resumed=self._first_step > 0, same_samples=self._same_samples(trainer))
        self._run.look(at, lambda: self._row(trainer, pl_module, at))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """After every batch: hear what the last one's ranks told, look again at the signed steps, tell of this one."""
        run = self._run
        if run is None:
            return
        run.watchdog.relax()
        now = time.perf_counter()
        if self._batch_ended is not None:
            self._batch_s.append(now - self._batch_ended)
        run.listen(trainer.global_step)
        done = trainer.global_step - self._first_step
        if done in run.manifest.guard.again_at_steps and done not in self._looked_at:
            self._looked_at.add(done)
            at = Look("step", trainer.global_step, same_samples=self._same_samples(trainer))
            run.look(at, lambda: self._row(trainer, pl_module, at))
        if batch_idx % run.manifest.guard.tell_every_batches == 0:
            run.tell(_loss(outputs))
        if seen_enough(run.manifest, done):
            logger.info("the canary has seen enough after %d steps", done)
            trainer.should_stop = True  # on every rank at the same step; Lightning then ends with exit code 0
        self._batch_ended = time.perf_counter()

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """The next batch's time would hold the validation."""
        self._batch_ended = None
        self._between_batches()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """An epoch may end in a batch that was skipped."""
        self._between_batches()

    def _between_batches(self) -> None:
        """What happens now may take as long as it likes."""
        if self._run is not None:
            self._run.watchdog.relax()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """The first validation of the training itself."""
        run = self._run
        if run is None or trainer.sanity_checking or "start" not in self._looked_at:
            return
        if "validation" not in self._looked_at:
            self._looked_at.add("validation")
            at = Look("validation", trainer.global_step)
            run.look(at, lambda: self._validated(trainer, pl_module))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """The last batch's losses count, too."""
        if self._run is not None:
            self._run.listen(trainer.global_step)
            self._run.close(trainer.global_step)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Something else ended the training."""
        if self._run is not None and not isinstance(exception, SystemExit):
            self._run.broken(trainer.global_step, exception)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Stamp the checkpoint with the launch it comes from."""
        if run := self._run:
            checkpoint[STAMP] = launch_stamp(
                run.manifest, launch_facts(pl_module), run.ranks.world, trainer.global_step, run.recorder.checks
            )

    def _same_samples(self, trainer: Any) -> bool:
        try:
            return first_loss.repeatable(first_loss.validation_loader(trainer, trainer.lightning_module))
        except first_loss.CannotMeasure as why:
            logger.debug("no validation loader: %s", why)
            return True  # the row says so

    def _row(self, trainer: Any, module: Any, at: Look) -> RankRow:
        """What this rank holds and computes. Every rank does all of it: a sharded model needs them all in the loss."""
        assert self._run is not None
        run = self._run
        sharded = type(trainer.strategy).__name__ in SHARDING
        holds_nan = not_finite(module)
        digest = bytes(32) if sharded else weights_digest(module, buffers=at.when == "start")
        losses: list[tuple[float, int]] = []
        code, text = _configuration(run.manifest, module, run.ranks.world)
        if run.batches:
            try:
                loader = first_loss.validation_loader(trainer, module)
                wanted = share(run.ranks.rank, run.ranks.world, run.batches)
                batches = first_loss.subset_batches(loader, run.batches, wanted)
                losses = first_loss.measure(trainer, module, batches, run.manifest.band.metric)  # type: ignore[union-attr]
            except first_loss.CannotMeasure as why:
                code, text = code or int(Stop.CONFIGURATION), text or str(why)
        if holds_nan and not code:
            code, text = int(Stop.NOT_FINITE), f"the parameter {holds_nan} holds NaN or infinity"
        return RankRow(code, text, SHARDED if sharded else COMPARED, digest, tuple(losses), self._pace())

    def _validated(self, trainer: Any, module: Any) -> RankRow:
        assert self._run is not None
        band = self._run.manifest.band
        logged = trainer.callback_metrics.get(band.metric) if band else None
        losses = ((float(logged), 0),) if logged is not None else ()
        sharded = type(trainer.strategy).__name__ in SHARDING
        digest = bytes(32) if sharded else weights_digest(module, buffers=False)
        return RankRow(0, "", SHARDED if sharded else COMPARED, digest, losses, self._pace())

    def _pace(self) -> float:
        """Median seconds of a batch since the last look, data included; the first ones of a training are left out."""
        timed, self._batch_s = self._batch_s, []
        return median(timed) if timed else 0.0


def seen_enough(manifest: LaunchManifest, steps: int, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a canary that has come `steps` optimizer steps far, and no further look is signed."""
    return in_canary(environment) and steps >= max(manifest.guard.again_at_steps, default=1)


def launch_stamp(
    manifest: LaunchManifest, facts: dict[str, str], world: int, step: int, checks: list[GuardCheck]
) -> dict[str, Any]:
    """`facts` is what the module says of itself now; `signed` is what it was to say."""
    code = manifest.code
    return {
        "format": 1,
        "attempt": manifest.attempt,
        "number": manifest.number,
        "seal": manifest.seal,
        "manifest": manifest.sha256,
        "approved_by": [approval.person for approval in manifest.approvals],
        "inputs": {file.key: file.sha256 for file in manifest.inputs},
        "commit": code.commit + ("+changes" if code.dirty else "") if code else None,
        "signed": dict(manifest.facts),
        "facts": facts,
        "ranks_signed": manifest.job.tasks,
        "ranks": world,
        "step": step,
        "first_loss": next((check.loss for check in checks if check.when == "start"), None),
        "signed_loss": manifest.band.measured if manifest.band else None,
    }


def _configuration(manifest: LaunchManifest, module: Any, world: int) -> tuple[int, str]:
    """(code, what differs) between the job and the manifest; (0, "") when nothing does."""
    if world != manifest.job.tasks:
        return int(Stop.CONFIGURATION), (
            f"the training runs on {world} ranks, {manifest.job.tasks} were signed; see devices and num_nodes"
        )
    facts = launch_facts(module)
    for name, signed in manifest.facts.items():
        if facts.get(name) != signed:
            found = facts.get(name, "not said; see `launch_facts`")
            return int(Stop.CONFIGURATION), f"{name} is {found[:32]}, signed was {signed[:32]}"
    return 0, ""


def _loss(outputs: Any) -> torch.Tensor | None:
    """The loss of a training step, as Lightning hands it on; None where the step gave none."""
    loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
    return loss if isinstance(loss, torch.Tensor) else None
