"""The machine that the checks run on: Python, torch, GPUs, limits, and the code that will be launched."""

import inspect
import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

import torch

from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.evidence.machine import EnvironmentEvidence, Gpu
from aqboard.probes.context import Context, Probe
from aqboard.probes.observe import observe
from aqboard.probes.output import output_folders

PACKAGES = ("aqboard", "lightning", "numpy", "pytorch-lightning", "torch", "xarray", "zarr")
DRIVERS = ("/sys/module/nvidia/version", "/sys/module/amdgpu/version")
"""Where Linux names the version of a loaded GPU driver."""
KFD = Path("/dev/kfd")
"""AMD's compute device; its driver may come with the kernel and then has no version of its own."""
WEIGHTS_AND_MOMENTS = 3
"""A training's checkpoint holds the weights and Adam's two moments of each."""


def measure(context: Context) -> EnvironmentEvidence:
    """Look, and change nothing; the GPUs are asked for their memory and get no work."""
    gpus, gpu_error = observe(_gpus)
    code = _code_folder(context)
    checkpoint = context.known(CheckpointEvidence)
    return EnvironmentEvidence(
        host=socket.gethostname(),
        python=platform.python_version(),
        torch=str(torch.__version__),
        torch_build=_build(),
        driver=_driver(),
        gpus=gpus or (),
        gpu_error=gpu_error,
        open_files=getrlimit(RLIMIT_NOFILE)[0],
        commit=_git(code, "rev-parse", "HEAD"),
        uncommitted=bool(_git(code, "status", "--porcelain", "--untracked-files=no", "--", ".")),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        outputs=output_folders(context),
        checkpoint_bytes=WEIGHTS_AND_MOMENTS * checkpoint.summary.tensor_bytes if checkpoint else 0,
    )


def _gpus() -> tuple[Gpu, ...]:
    found = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        found.append(Gpu(name=torch.cuda.get_device_name(index), total_bytes=total, free_bytes=free))
    return tuple(found)


def _build() -> str:
    if torch.version.hip:
        return f"ROCm {torch.version.hip}"
    return f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"


def _driver() -> str:
    for path in map(Path, DRIVERS):
        if path.exists():
            return f"{path.parent.name} {path.read_text(encoding='utf-8').strip()}"
    return "amdgpu, as the kernel has it" if KFD.exists() else ""


def _code_folder(context: Context) -> Path | None:
    """Where the target's code lies."""
    file, _ = observe(lambda: inspect.getsourcefile(type(context.target)))
    return Path(file).parent if file else None


def _git(folder: Path | None, *arguments: str) -> str:
    """What git answers about the folder; empty without git, or outside a work tree."""
    if folder is None:
        return ""
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


PROBE = Probe(EnvironmentEvidence, "Machine", measure)
