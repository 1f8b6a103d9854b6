"""Make the virtual environment for `make`. Standard library only.

torch is never replaced. A torch that the base Python already has (the ROCm or CUDA build of a GPU node)
is used as it is. Otherwise pip installs AQBOARD_TORCH (default: a CPU-sized release). Whichever it is,
its exact version then constrains everything that follows, so no other package can pull in a CUDA build.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

DEFAULT_TORCH = "torch==2.13.0"
PACKAGES = ("-e", ".[board,checks,slurm,logs,auth,dev]", "-e", "reference")
"""aqboard itself, and its reference model: a package of its own, as a team's would be."""
ROOT = Path(__file__).resolve().parent.parent


def torch_version(python: str) -> str | None:
    """Version of the torch that `python` would import, or None; asks the metadata, imports nothing."""
    ask = "import importlib.metadata as m; print(m.version('torch'))"
    found = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True)
    return found.stdout.strip() or None


def main() -> int:
    """Create or complete the environment named by the first argument."""
    if sys.version_info < (3, 11):
        sys.exit(f"aqboard needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
    venv = Path(sys.argv[1])
    python = str(venv / "bin" / "python")
    # `make` may be called with an environment switched on, this very one perhaps: ask the Python beneath it.
    base = getattr(sys, "_base_executable", sys.executable)
    site_torch = torch_version(base)
    if not Path(python).exists():
        shutil.rmtree(venv, ignore_errors=True)  # half of an environment is worse than none
        flags = ["--system-site-packages"] if site_torch else []
        subprocess.check_call([base, "-m", "venv", *flags, str(venv)])
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if torch_version(python) is None:
        wanted = os.environ.get("AQBOARD_TORCH", DEFAULT_TORCH).split()
        print(f"installing {' '.join(wanted)} ...", flush=True)
        subprocess.check_call([*pip, *wanted])
    keep = venv / "torch-constraint.txt"
    keep.write_text(f"torch=={torch_version(python)}\n")
    print("installing the other packages ...", flush=True)
    rest = ["-c", str(keep), *PACKAGES]
    if site_torch:
        # pip, because uv does not see the base Python's packages; no pins, because they would fight that stack.
        subprocess.check_call([*pip, *rest], cwd=ROOT)
    else:
        subprocess.check_call([*pip, "uv>=0.5"])
        # Compiled once here, as pip does: uncompiled, the packages cost every one of a check's processes seconds.
        uv = [python, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        subprocess.check_call([*uv, "-c", "constraints.txt", *rest], cwd=ROOT)
    origin = " (the base Python's own)" if site_torch else ""
    print(f"ready: {python}, torch {torch_version(python)}{origin}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
