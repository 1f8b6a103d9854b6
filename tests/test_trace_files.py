"""The tool that counts the files a command goes through, on a package of four files and a command of two processes."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "trace_files.py"
FILES = {
    "__init__.py": "",
    "called.py": "def answer():\n    return 42\n",
    "named.py": "from pack.table import entry\n\nclass Name:\n    value = entry()\n",
    "table.py": "def entry():\n    return 1\n",
    "never.py": "",
}
CHILD = "import os; from pack.called import answer; answer(); os._exit(3)"
COMMAND = (
    f"import subprocess, sys; import pack.named; sys.exit(subprocess.run([sys.executable, '-c', {CHILD!r}]).returncode)"
)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    package = tmp_path / "pack"
    package.mkdir()
    for name, text in FILES.items():
        (package / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    spec = importlib.util.spec_from_file_location("trace_files", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "trace_files", module)
    spec.loader.exec_module(module)
    return module


def test_files_are_counted_in_every_process(tool: Any) -> None:
    code, (parent, child) = tool.trace([sys.executable, "-c", COMMAND], ["pack"])
    assert code == 3
    assert parent.loaded == {"pack/__init__.py", "pack/named.py", "pack/table.py"}
    assert child.loaded == {"pack/__init__.py", "pack/called.py"}, "one that leaves by os._exit, too"
    assert tool.together((parent, child)).loaded == parent.loaded | child.loaded


def test_a_call_made_by_importing_is_not_a_run(tool: Any) -> None:
    _, (parent, child) = tool.trace([sys.executable, "-c", COMMAND], ["pack"])
    assert (parent.run, child.run) == (set(), {"pack/called.py"})


def test_a_package_that_is_not_there_is_named(tool: Any) -> None:
    with pytest.raises(SystemExit, match="no package 'nothing_of_this_name'"):
        tool.folder_of("nothing_of_this_name")
