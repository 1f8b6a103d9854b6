"""The machine that the checks run on: Python, torch, GPUs, limits, the code to be launched, the folders to write to.

Nothing is written to find out whether a folder can be written to.
"""

import inspect
import os
import platform
import shutil
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

import torch

from aqboard.domain.evidence.checkpoint import CheckpointEvidence
from aqboard.domain.evidence.machine import EnvironmentEvidence, Gpu, OutputFolder
from aqboard.probes.context import Context, Probe
from aqboard.probes.target import Writes
from aqboard.probes.team_code import observe

PACKAGES = ("aqboard", "lightning", "numpy", "pytorch-lightning", "torch", "xarray", "zarr")
DRIVERS = ("/sys/module/nvidia/version", "/sys/module/amdgpu/version")
"""Where Linux names the version of a loaded GPU driver."""
KFD = Path("/dev/kfd")
"""AMD's compute device; its driver may come with the kernel and then has no version of its own."""
WEIGHTS_AND_MOMENTS = 3
"""A training's checkpoint holds the weights and Adam's two moments of each."""
JOB = "the job's working directory"
LFS_LIMIT_S = 10.0
"""What `lfs` gets to answer."""


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
    """The folder of the target's code."""
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


def output_folders(context: Context) -> tuple[OutputFolder, ...]:
    """The target's folders, which the training makes, and the job's directory, which must be there when it starts."""
    target = context.target
    asked = dict(target.output_folders()) if isinstance(target, Writes) else {}
    return (
        *(look_at(Path(path), what, must_exist=False) for what, path in asked.items()),
        look_at(Path(context.plan.cluster.workdir), JOB, must_exist=True),
    )


def look_at(path: Path, what: str, *, must_exist: bool) -> OutputFolder:
    """What this machine says of a folder, or of the nearest one above it that exists."""
    path = path.absolute()
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    if nearest == Path(nearest.anchor) and path != nearest:
        return OutputFolder(path=str(path), what=what, nearest=str(nearest), on_this_machine=False)
    space = os.statvfs(nearest)
    return OutputFolder(
        path=str(path),
        what=what,
        nearest=str(nearest),
        obstacle=_obstacle(path, nearest, space, must_exist=must_exist),
        free_bytes=space.f_bavail * space.f_frsize,
        free_files=space.f_favail or None,
        quota_bytes=lustre_quota_left(nearest),
    )


def _obstacle(path: Path, nearest: Path, space: os.statvfs_result, *, must_exist: bool) -> str:
    if must_exist and nearest != path:
        return "it does not exist"
    if not nearest.is_dir():
        return f"{nearest} is a file, not a folder"
    if space.f_flag & os.ST_RDONLY:
        return f"the file system at {nearest} is read-only"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"this user may not write to {nearest}"
    return ""


def lustre_quota_left(folder: Path) -> int | None:
    """Bytes left of the quota of the folder's Lustre project; None where there is no Lustre, project or quota."""
    lfs = shutil.which("lfs")
    if lfs is None:
        return None
    owner = _answer([lfs, "project", "-d", str(folder)]).split()
    return left_of_quota(_answer([lfs, "quota", "-q", "-p", owner[0], str(folder)])) if owner else None


def left_of_quota(text: str) -> int | None:
    """`lfs quota -q` prints folder, KiB used, soft and hard limit, then the same for files; `*` marks one exceeded."""
    words = text.split()
    try:
        used, soft, hard = (int(word.rstrip("*")) for word in words[1:4])
    except ValueError:
        return None
    limit = hard or soft
    return max(0, limit - used) * 1024 if limit else None


def _answer(command: list[str]) -> str:
    """A file system that does not answer in time is one whose quota is not known."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LFS_LIMIT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


PROBE = Probe(EnvironmentEvidence, "Machine", measure)
