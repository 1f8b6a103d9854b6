"""`aqboard target new`, to the letter of what it prints; and who is asked before foreign code runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aqboard.domain.errors import TargetError
from aqboard.sessions.starter import FILES, render, write_starter
from tests.command import aqboard


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "my target"
    made = aqboard("target", "new", folder)
    assert made.code == 0
    assert f"cd {folder}" in made.out
    done = subprocess.run([sys.executable, "demo_model.py"], cwd=folder, capture_output=True, text=True, check=True)
    loss = done.stdout.strip().rpartition(" ")[2]
    assert float(loss) == yaml.safe_load((folder / "plan.yaml").read_text())["baseline"]["val_loss"]
    return folder


def test_nothing_runs_before_somebody_agreed_and_the_starter_is_ready(starter: Path, tmp_path: Path) -> None:
    plan, db = starter / "plan.yaml", tmp_path / "b.db"
    asked = aqboard("check", plan, "--db", db)
    assert (asked.code, db.exists()) == (2, False)
    for part in ("code that is not aqboard's", str(starter / "aqboard_target.py"), "--trust-target"):
        assert part in asked.err
    agreed = aqboard("check", plan, "--db", db, "--trust-target", "--json")
    document = json.loads(agreed.out)
    assert (agreed.code, document["state"]) == (0, "READY"), agreed.out
    assert "target.builder" in [file["key"] for file in document["inputs"]]
    left = aqboard("check", plan, "--db", db, "--json", "--skip", "loss.first")
    document = json.loads(left.out)
    assert (left.code, document["state"]) == (2, "INCOMPLETE"), "agreed before; but a blocking check was left out"
    (finding,) = [f for f in document["findings"] if f["check"] == "loss.first"]
    assert (finding["verdict"], finding["summary"]) == ("skip", "Left out on the command line.")


def test_a_changed_target_is_asked_for_again_and_unknown_checks_are_told(starter: Path, tmp_path: Path) -> None:
    target = starter / "aqboard_target.py"
    before = target.read_text()
    try:
        target.write_text(before + "# changed\n")
        asked = aqboard("check", starter / "plan.yaml", "--db", tmp_path / "b.db", "--json")
    finally:
        target.write_text(before)
    assert (asked.code, json.loads(asked.out)["error"]["code"]) == (2, "target")
    unknown = aqboard("check", starter / "plan.yaml", "--db", tmp_path / "b.db", "--only", "loss.frist")
    assert (unknown.code, "did you mean 'loss.first'?" in unknown.err) == (2, True)


def test_a_starter_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("years of work")
    refused = aqboard("target", "new", tmp_path)
    assert (refused.code, "not empty" in refused.err) == (2, True)
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError, match="cannot be written"):
        write_starter(tmp_path / "file" / "below")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine.py"]


@pytest.mark.parametrize("name", ['a "quoted" \\ name', '"""; import os', "x: [y", "ümläut", "..."])
def test_whatever_the_folder_is_called_the_files_are_what_they_should_be(name: str) -> None:
    texts = render(name, name)
    assert tuple(texts) == FILES
    for file in ("aqboard_target.py", "demo_model.py"):
        compile(texts[file], file, "exec")
        assert texts[file].count('"""') % 2 == 0
    assert yaml.safe_load(texts["plan.yaml"])["author"] == name


def test_a_person_at_a_terminal_is_asked_and_may_refuse(starter: Path, tmp_path: Path) -> None:
    """A real terminal on the other side: `pty`, because a pipe is not one."""
    pty = pytest.importorskip("pty")
    command = [sys.executable, "-m", "aqboard.cli", "check", str(starter / "plan.yaml"), "--db", str(tmp_path / "b.db")]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "AQBOARD_CONFIG_DIR": str(tmp_path / "config")},
    )  # fmt: skip
    os.write(ours, b"n\n")
    _, told = process.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 2
    assert "Have you read it, and may it run?" in told
    assert "Nothing was run." in told
    assert not (tmp_path / "b.db").exists()
