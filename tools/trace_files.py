"""Which files of the package does one command go through?

    python tools/trace_files.py aqboard check PLAN --only checkpoint.coverage
    python tools/trace_files.py --files aqboard sign 1 --go

Counted in every Python process that the command starts, and over all of them together:

- *loaded*: the file was imported, so that its module level was executed;
- *run*: a function of the file was called. A call that importing makes (a decorator, a helper that fills a table) does
  not count, nor does the body of a class: that is loading.

How: a `sitecustomize` at the front of `PYTHONPATH` sets a profile function in every interpreter that starts. A file is
noted when it is first seen, so that a process that is killed, or leaves by `os._exit`, is counted as far as it got.
A process that ignores the environment (`python -I`, `-E`) is not seen. The command runs several times slower.
"""

import argparse
import ast
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER, ROOTS = "TRACE_FILES_FOLDER", "TRACE_FILES_ROOTS"
"""Environment variables for the hook: the folder to write to, and the folders whose files it notes."""

HOOK = f'''
import os, sys, threading, time

_folder, _roots = os.environ["{FOLDER}"], tuple(os.environ["{ROOTS}"].split(os.pathsep))
_FUNCTION = 0x1  # CO_OPTIMIZED: set for functions, not for modules and the bodies of classes
_seen, _out = set(), None


def _begin():
    global _out
    _seen.clear()
    _out = os.open(os.path.join(_folder, str(os.getpid())), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(_out, f"{{time.time_ns()}}\\n{{sys.orig_argv!r}}\\n".encode())


def _imported(frame):
    """Whether a module of the package, other than the one that was started, is being imported up the stack."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>" and code.co_filename.startswith(_roots):
            return frame.f_globals.get("__name__") != "__main__"
        frame = frame.f_back
    return False


def _note(frame, event, _):
    file = frame.f_code.co_filename
    if event != "call" or not (file.startswith(_roots) and file.endswith(".py")):
        return  # not ours, or a template
    entry = ("run " if frame.f_code.co_flags & _FUNCTION else "loaded ") + file
    if entry not in _seen and not (entry.startswith("run ") and _imported(frame)):
        _seen.add(entry)
        os.write(_out, f"{{entry}}\\n".encode())


_begin()
os.register_at_fork(after_in_child=_begin)
threading.setprofile(_note)
sys.setprofile(_note)
'''


@dataclass(frozen=True)
class Process:
    """The files that one process, or several together, went through, relative to the folder that holds the package."""

    command: str
    loaded: frozenset[str]
    run: frozenset[str]


def trace(command: Sequence[str], packages: Iterable[str] = ("aqboard",)) -> tuple[int, tuple[Process, ...]]:
    """Run the command; its exit code, and each process that loaded a file of the packages, in order of their start."""
    roots = [folder_of(name) for name in packages]
    with tempfile.TemporaryDirectory(prefix="trace-files-") as scratch:
        hook, notes = Path(scratch) / "hook", Path(scratch) / "notes"
        hook.mkdir()
        notes.mkdir()
        (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
        path = [str(hook), *filter(None, [os.environ.get("PYTHONPATH")])]
        marks = {FOLDER: str(notes), ROOTS: os.pathsep.join(f"{root}{os.sep}" for root in roots)}
        environment = {**os.environ, **marks, "PYTHONPATH": os.pathsep.join(path)}
        code = subprocess.run(command, env=environment, check=False).returncode
        found = sorted((file.read_text(encoding="utf-8") for file in notes.iterdir()), key=_start)
    processes = (_process(note, roots) for note in found)
    return code, tuple(process for process in processes if process.loaded)


def together(processes: Iterable[Process]) -> Process:
    """The union of the processes."""
    each = tuple(processes)
    loaded, run = (process.loaded for process in each), (process.run for process in each)
    return Process(f"{len(each)} processes together", frozenset().union(*loaded), frozenset().union(*run))


def folder_of(package: str) -> Path:
    """The folder of an installed package; raises SystemExit when there is none of that name."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"There is no package {package!r} here.")
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _start(note: str) -> int:
    return int(note.partition("\n")[0])


def _process(note: str, roots: Sequence[Path]) -> Process:
    _, command, *entries = note.splitlines()
    files: dict[str, set[str]] = {"loaded": set(), "run": set()}
    for entry in entries:
        kind, _, name = entry.partition(" ")
        if kind in files:
            parent = next(root.parent for root in roots if name.startswith(f"{root}{os.sep}"))
            files[kind].add(str(Path(name).relative_to(parent)))
    return Process(command, frozenset(files["loaded"]), frozenset(files["run"]))


def _words(command: str) -> str:
    """A command line, short: without the interpreter, and without folders."""
    words = ast.literal_eval(command)[1:] if command.startswith("[") else [command]
    return " ".join(word.rstrip("/").rpartition("/")[2] for word in words)[:90]


def main() -> int:
    """Run the command that the arguments name, and print a table on stderr; the command's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="append", help="A package to count the files of; `aqboard` by default.")
    parser.add_argument("--files", action="store_true", help="Name the files of all processes together, too.")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="What to run.")
    asked = parser.parse_args()
    code, processes = trace(asked.command, asked.package or ["aqboard"])
    whole = together(processes)
    for process in (*processes, whole):
        print(f"{len(process.loaded):4d} loaded {len(process.run):4d} run  {_words(process.command)}", file=sys.stderr)
    if asked.files:
        for name in sorted(whole.loaded):
            print(f"{'run   ' if name in whole.run else 'loaded'} {name}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
