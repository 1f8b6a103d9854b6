"""What a checkpoint must say about its own making: a stamp written by a Lightning callback.

The stamp is plain data under `checkpoint["aqboard_provenance"]`, readable without torch.
"""

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from aqboard.readers.caches.scan_cache import cache_digests
from aqboard_reference.topoflow.config import Settings
from aqboard_reference.topoflow.errors import TopoFlowError
from aqboard_reference.topoflow.lightning_module import TopoFlowModule

KEY = "aqboard_provenance"
PACKAGES = ("torch", "lightning", "numpy", "xarray", "zarr", "aqboard")


class Period(Settings):
    """Which years a model saw, and which it was validated on."""

    train_years: tuple[int, ...]
    val_years: tuple[int, ...]


class Provenance(Callback):
    """Stamps every checkpoint with its scan cache, scan rule, statistics, period, git commit and package versions.

    `cache_path`: the cache file, None when the orders were built from the formula. `period`: years of data.
    `code`: a folder inside the git work tree whose commit is recorded.
    """

    def __init__(self, *, cache_path: Path | None, period: Period, code: Path | None = None) -> None:
        self.cache_path = cache_path
        self.period = period
        self.code = code or Path(__file__).parent

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Write the stamp; TopoFlowError when the module is not a TopoFlowModule."""
        if not isinstance(pl_module, TopoFlowModule):
            raise TopoFlowError(f"Provenance stamps a TopoFlowModule, not a {type(pl_module).__name__}.")
        checkpoint[KEY] = stamp(pl_module, self.cache_path, self.period, self.code)


def stamp(module: TopoFlowModule, cache_path: Path | None, period: Period, code: Path) -> dict[str, Any]:
    """The stamp as plain strings, numbers, lists and dicts."""
    scanner = module.model.scanner
    return {
        "format": 1,
        "scan_cache": {
            "path": str(cache_path) if cache_path else None,
            **cache_digests(scanner.cache).model_dump(),
        },
        "scan_rule": scanner.config.scan_rule,
        "scan_layout": scanner.config.scan_layout,
        "normalisation_digest": module.normalisation.digest(module.config.variables),
        "period": period.model_dump(mode="json"),
        "git_commit": git_commit(code),
        "packages": package_versions(PACKAGES),
        "python": platform.python_version(),
    }


def git_commit(folder: Path) -> str | None:
    """Commit of the work tree that holds `folder`, with `+changes` when it is not clean; None outside git."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+changes" if changed else "")


def package_versions(names: Sequence[str]) -> dict[str, str | None]:
    """Installed version of each distribution, None when it is not installed."""

    def installed(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return {name: installed(name) for name in names}
