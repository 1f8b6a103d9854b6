"""One rank of a real Lightning training of the reference model, in a process of its own, with one thing spoilt.

Ranks are forked from a server that has torch and Lightning imported already, so that a case takes a second or two.
"""

import json
import multiprocessing
import os
import random
import signal
import socket
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aqboard.domain.job.guard_verdict import GuardVerdict
from aqboard.domain.job.manifest import LaunchManifest
from aqboard.guard.names import CANARY_VARIABLE, DIGEST_VARIABLE, MANIFEST_VARIABLE

PRELOADED = ["aqboard.guard.for_lightning", "aqboard_reference.topoflow.train", "torch.distributed", __name__]


GRACE_S = 5.0
"""What the others get after one has failed, as from `srun --kill-on-bad-exit --wait`."""


@dataclass(frozen=True)
class Case:
    """How the training starts. Defaults are as signed; each field spoils or changes one thing."""

    folder: Path
    launch: Path
    world: int = 2
    guarded: bool = True
    canary: bool = False
    load: str = "right"
    """`right`; `prefix`: no key finds its place; `rank0`: only there, after the strategy has wrapped the model;
    `nan`: one weight is NaN."""
    layout: str = "corrected"
    cache: str = "cache.pkl"
    nan_loss_at: int | None = None
    raise_at: int | None = None
    """On rank 1, before that step."""
    hang_at: int | None = None
    """Rank 1 stops in that batch as a process on a dead node does, threads and all."""
    kill_at: int | None = None
    """Rank 0 sets the kill switch in that step."""
    sleep_s: float = 0.0
    """In every step on rank 1."""
    lr: float = 1e-5
    max_steps: int = 12
    validate_every: int = 4
    resume: Path | None = None
    save: Path | None = None
    dropout: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """What became of it."""

    codes: tuple[int | None, ...]
    """Exit codes by rank."""
    logs: tuple[str, ...]
    verdict: GuardVerdict | None
    seconds: float


def run(case: Case, manifest: LaunchManifest, *, limit_s: float = 90, written: str = "") -> Ran:
    """Run all ranks and wait for them; those that outlive the limit, or a failed one by GRACE_S, are killed.

    `written`: another text in the manifest's place.
    """
    case.folder.mkdir(parents=True, exist_ok=True)
    path = case.folder / "manifest.json"
    path.write_text(written or manifest.text, encoding="utf-8")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    began, port = time.monotonic(), _free_port()
    ranks = [context.Process(target=rank_of, args=(case, path, manifest.sha256, r, port)) for r in range(case.world)]
    for process in ranks:
        process.start()
    until = began + limit_s
    while any(process.exitcode is None for process in ranks) and time.monotonic() < until:
        if any(process.exitcode for process in ranks):
            until = min(until, time.monotonic() + GRACE_S)
        time.sleep(0.05)
    codes = [process.exitcode for process in ranks]
    for process in ranks:
        process.kill()
        process.join()
    logs = tuple((case.folder / f"rank-{r}.log").read_text(errors="replace") for r in range(case.world))
    verdict = manifest.verdict_file
    known = GuardVerdict.model_validate_json(verdict.read_bytes()) if verdict.exists() else None
    return Ran(tuple(codes), logs, known, time.monotonic() - began)


def rank_of(case: Case, manifest: Path, digest: str, rank: int, port: int) -> None:
    """The process of one rank; its output goes to `rank-N.log`."""
    log = os.open(case.folder / f"rank-{rank}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(
        LOCAL_RANK=str(rank), NODE_RANK="0", WORLD_SIZE=str(case.world), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
    )
    if case.guarded:
        os.environ.update({MANIFEST_VARIABLE: str(manifest), DIGEST_VARIABLE: digest})
    if case.canary:
        os.environ[CANARY_VARIABLE] = "1"
    try:
        _train(case, rank)
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _train(case: Case, rank: int) -> None:
    import lightning as L
    import torch
    from aqboard_reference.topoflow.config import load_train_config
    from aqboard_reference.topoflow.data import AirQualityDataModule
    from aqboard_reference.topoflow.train import build_module

    from aqboard.guard.for_lightning import LaunchGuard

    torch.set_num_threads(1)
    config = load_train_config(case.launch / "finetune.yaml")
    model = config.model.model_copy(update={"scan_layout": case.layout, "drop_rate": case.dropout})
    optimiser = config.optimiser.model_copy(update={"lr": case.lr})
    config = config.model_copy(
        update={"model": model, "optimiser": optimiser, "scan_cache": case.launch / case.cache, "max_steps": 200}
    )
    data = AirQualityDataModule(config.data, config.model)
    module = build_module(config, data)
    state = torch.load(case.launch / "baseline.ckpt", weights_only=True)["state_dict"]
    if case.load == "prefix":
        state = {f"model.{key}": value for key, value in state.items()}
    if case.load == "nan":
        state["model.climax.norm.weight"][3] = float("nan")
    if case.load != "rank0":
        module.load_state_dict(state, strict=False)

    class Spoilt(L.Callback):
        """What the case asks for, in the order in which a team's own code would do it."""

        def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
            if case.load == "rank0" and rank == 0:
                pl_module.load_state_dict(state, strict=False)

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if rank == 1 and batch_idx == case.raise_at:
                raise ValueError("rank 1 has a bad disk")
            if rank == 1 and batch_idx == case.hang_at:
                os.kill(os.getpid(), signal.SIGSTOP)
            if rank == 0 and batch_idx == case.kill_at:
                (case.folder / "STOP").write_text("the loss looks wrong\n")
            if rank == 1 and case.sleep_s:
                time.sleep(case.sleep_s)

    step = type(module).training_step

    def training_step(self: Any, batch: Any, batch_idx: int) -> Any:
        loss = step(self, batch, batch_idx)
        return loss * float("nan") if batch_idx == case.nan_loss_at and rank == 1 else loss

    type(module).training_step = training_step  # type: ignore[method-assign]
    trainer = L.Trainer(
        accelerator="cpu",
        devices=case.world,
        strategy="ddp" if case.world > 1 else "auto",
        max_steps=case.max_steps,
        max_epochs=-1,
        val_check_interval=case.validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        limit_val_batches=2,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[LaunchGuard(), Spoilt()],
        **case.extra,
    )
    trainer.fit(module, datamodule=data, ckpt_path=case.resume, weights_only=False if case.resume else None)
    if case.save is not None:
        trainer.save_checkpoint(case.save)
    if rank == 0:
        numbers = (random.random(), float(torch.rand(())))
        digest = {key: float(value.double().abs().sum()) for key, value in module.state_dict().items()}
        (case.folder / "end.json").write_text(json.dumps({"numbers": numbers, "weights": digest}))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
