"""Try mutants: which of them do the tests notice?

Nothing is written to the sources. The process here imports what is not ours (pytest, pydantic, numpy) and forks; a
child collects the tests once, sees which of them reach which function, and forks again for every mutant: there the
functions' code is exchanged and those tests are run. Code that runs on import (constants, defaults, `CHECK`) cannot be
exchanged afterwards; for these a child imports the changed module in place of the one on disk.
"""

import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType, FunctionType
from typing import Any, NoReturn

from tools.mutants.operators import Mutant

PRELOAD = ("hypothesis", "jinja2", "numpy", "psutil", "pydantic", "pytest", "sqlite_utils", "typer", "yaml")
CPU_S, WALL_S = 20, 600
"""Limits of one mutant; one that does not end has been noticed."""
NOTICED, MISSED, UNFIT = 1, 0, 9


def preload() -> None:
    """Import what no mutant changes, and prepare hypothesis: the same examples each time, and no shrinking."""
    for name in PRELOAD:
        importlib.import_module(name)
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", deadline=None, database=None, derandomize=True, phases=phases)


def missed(tests: Sequence[str], mutants: Sequence[Mutant]) -> list[Mutant]:
    """The mutants that no test notices. Raises RuntimeError when the tests fail on the sources as they are."""
    told = json.loads(_ask(lambda: _exchange(tests, mutants)) or "null")
    if not isinstance(told, dict):
        raise RuntimeError(f"{' '.join(tests)} do not pass on the sources as they are: {told}")
    survivors = []
    for number, mutant in enumerate(mutants):
        code = told["codes"].get(str(number), UNFIT)
        if code == UNFIT:
            code = _forked(partial(_imported, told["files"].get(mutant.file, tests), mutant))
        if code == MISSED:
            survivors.append(mutant)
    return survivors


def _imported(tests: Sequence[str], mutant: Mutant) -> int:
    """In a child: run the tests on a module that is imported with the mistake in it."""
    sys.meta_path.insert(0, _Instead(mutant))
    return NOTICED if _pytest(tests, ["-x"], _QuickFirst()) else MISSED


def _exchange(tests: Sequence[str], mutants: Sequence[Mutant]) -> str:
    """In a child: how the tests ended for each mutant inside a function, and which files of tests reach each module.

    As JSON; a text when they fail anyway.
    """
    plugin = _Exchange(mutants)
    code = _pytest(tests, [], plugin)
    fault = f"pytest ended with {code}: {plugin.fault}"
    return json.dumps(fault if plugin.codes is None else {"codes": plugin.codes, "files": plugin.files})


class _QuickFirst:
    """A plugin of pytest: tests with made-up examples cost most, and a mutant is usually noticed before."""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Put them last."""
        items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))


class _Exchange(_QuickFirst):
    """A plugin of pytest that runs the collected tests once for each mutant."""

    def __init__(self, mutants: Sequence[Mutant]) -> None:
        self._mutants, self._modules = mutants, {mutant.file for mutant in mutants}
        self.codes: dict[int, int] | None = None
        self.files: dict[str, list[str]] = {}
        self.fault = ""

    def pytest_runtestloop(self, session: Any) -> bool:
        """Instead of running the tests."""
        items = session.items
        told = json.loads(_ask(lambda: self._reach(items)))
        if isinstance(told, str):
            self.fault = told
            return True
        for key, chosen in told.items():
            file, _, _ = key.partition(":")
            self.files[file] = sorted({*self.files.get(file, ()), *(str(items[at].path) for at in chosen)})
        _run(items[:1])  # what a fixture makes once for all tests is made before the forks
        objects = gc.get_objects()
        functions = [o for o in objects if type(o) is FunctionType and self._ours(o.__code__)]  # a proxy may warn
        for cache in (o for o in objects if type(o) is _lru_cache_wrapper):
            cache.cache_clear()
        gc.freeze()
        self.codes = {}
        for number, mutant in enumerate(self._mutants):
            if mutant.function:
                chosen = [items[at] for at in told.get(f"{mutant.file}:{mutant.function}", ())]
                self.codes[number] = _forked(partial(self._try, mutant, chosen, functions)) if chosen else MISSED
        return True

    def _reach(self, items: Sequence[Any]) -> str:
        """In a child, on the module as it is: which tests call which function, as JSON."""
        reached: dict[str, list[int]] = defaultdict(list)
        for at, item in enumerate(items):
            seen: set[CodeType] = set()
            sys.setprofile(partial(_note, seen))
            fault = _run([item])
            sys.setprofile(None)
            if fault:
                return json.dumps(fault)
            for name in {
                f"{code.co_filename}:{code.co_qualname.partition('.<')[0]}" for code in seen if self._ours(code)
            }:
                reached[name].append(at)
        return json.dumps(reached)

    def _ours(self, code: CodeType) -> bool:
        return code.co_filename in self._modules

    def _try(self, mutant: Mutant, items: Sequence[Any], functions: Sequence[FunctionType]) -> int:
        """In a child: exchange the code of the functions that differ, and run the tests."""
        items[0].config._tmp_path_factory._basetemp = Path(tempfile.mkdtemp())  # its own, for it is searched each time
        changed = {(c.co_filename, c.co_qualname, c.co_firstlineno): c for c in _codes(mutant.code)}
        for function in functions:
            old = function.__code__
            if new := changed.get((old.co_filename, old.co_qualname, old.co_firstlineno)):
                if new.co_freevars != old.co_freevars:
                    return UNFIT
                function.__code__ = new
        return NOTICED if _run(items) else MISSED


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a code object."""

    def __init__(self, mutant: Mutant) -> None:
        self._path, self._code = Path(mutant.file), mutant.code
        parts = self._path.relative_to(Path.cwd()).with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self._name:
            return None
        places = [str(self._path.parent)] if self._path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=places
        )

    def exec_module(self, module: Any) -> None:
        exec(self._code, module.__dict__)


def _run(items: Sequence[Any]) -> str:
    """The first test that fails, with its error; empty when all pass. Fixtures of the session stay set up."""
    from _pytest.runner import runtestprotocol

    for item, after in zip(items, [*items[1:], items[0].session], strict=True):
        for report in runtestprotocol(item, nextitem=after, log=False):
            if report.failed:
                return f"{item.nodeid}: {report.longrepr}"
    return ""


def _pytest(tests: Sequence[str], options: Sequence[str], *plugins: object) -> int:
    import pytest

    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutants"]
    preloaded = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis has been imported before
    return int(pytest.main([*quiet, *preloaded, *options, *tests], plugins=list(plugins)))


def _note(seen: set[CodeType], frame: FrameType, event: str, _: object) -> None:
    if event == "call":
        seen.add(frame.f_code)


def _codes(code: CodeType) -> list[CodeType]:
    inner = [found for const in code.co_consts if isinstance(const, CodeType) for found in _codes(const)]
    return [code, *inner]


def _forked(work: Callable[[], int]) -> int:
    """What `work` returns in a process of its own; `NOTICED` when it is killed or runs out of time."""
    with TemporaryDirectory() as folder:
        child = os.fork()
        if not child:
            os.environ["TMPDIR"] = tempfile.tempdir = folder
            _child(work)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return NOTICED if code < 0 else code  # below zero: a signal


def _ask(work: Callable[[], str]) -> str:
    """The text that `work` returns in a process of its own."""
    read, write = os.pipe()

    def answer() -> int:
        with os.fdopen(write, "w") as pipe:
            try:
                text = work()
            except Exception:
                text = json.dumps(traceback.format_exc())
            pipe.write(text)
        return 0

    child = os.fork()
    if not child:
        os.close(read)
        _child(answer, limited=False)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def _child(work: Callable[[], int], *, limited: bool = True) -> NoReturn:
    code = NOTICED
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if limited:
            used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + CPU_S
            resource.setrlimit(resource.RLIMIT_CPU, (used, used))
            signal.alarm(WALL_S)
        code = work()
    finally:
        os._exit(code)
