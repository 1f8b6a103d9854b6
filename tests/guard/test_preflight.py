"""Preflight as a job calls it: its exit code, and a sentence for each fault that says what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aqboard.domain.job.manifest import SMALL_BYTES, LaunchManifest, SignedJob, withdrawn_marker
from aqboard.guard import code_state as code
from aqboard.guard.code_state import code_state
from aqboard.guard.preflight import main
from tests.guard.manifests import manifest, signed_file

Preflight = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def _outside_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SLURM")]:
        monkeypatch.delenv(name)


@pytest.fixture
def preflight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Preflight:
    def run(made: LaunchManifest, *options: str, sha256: str | None = None) -> tuple[int, str]:
        path = tmp_path / "manifest.json"
        path.write_text(made.text, encoding="utf-8")
        status = main([str(path), "--sha256", sha256 or made.sha256, *options])
        return status, capsys.readouterr().err

    return run


def test_all_as_signed_says_nothing_and_leaves_nothing(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert preflight(made) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "manifest.json"])


def test_as_a_command_it_needs_no_torch(tmp_path: Path) -> None:
    made = manifest(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(made.text)
    program = (
        "import runpy, sys; sys.argv[1:] = sys.argv[1:]\n"
        "try: runpy.run_module('aqboard.guard.preflight', run_name='__main__')\n"
        "finally: assert not {'torch', 'lightning', 'numpy', 'sqlite3'} & set(sys.modules), 'too much is imported'"
    )
    command = [sys.executable, "-c", program, str(path), "--sha256", made.sha256]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_checkpoint_is_refused_and_reported(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    (tmp_path / "best.ckpt").write_bytes(b"content of best.ckpT")
    status, told = preflight(made)
    assert status == 40
    assert f"checkpoint.path: {tmp_path / 'best.ckpt'} is not the file that was signed: its SHA-256 is" in told
    assert "Put the signed file back, or check and sign again." in told
    assert "nothing was started (exit 40)" in told
    (report,) = tmp_path.glob("preflight-*.json")
    assert [fault["code"] for fault in json.loads(report.read_text())["faults"]] == [40]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "cannot be read on this node (No such file or directory)"),
        (lambda path: path.write_bytes(b"short"), "has 5 bytes instead of the 20"),
        (lambda path: (path.unlink(), path.mkdir()), "is not a regular file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "is not a regular file"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "is not a regular file"),
        (lambda path: (path.unlink(), path.symlink_to(path)), "cannot be read on this node"),
    ],
)
def test_what_is_no_file_any_more(preflight: Preflight, tmp_path: Path, spoil: Any, told: str) -> None:
    made = manifest(tmp_path)
    spoil(tmp_path / "best.ckpt")
    status, said = preflight(made)
    assert status == 40
    assert told in said


def test_a_link_to_the_signed_content_is_the_signed_content(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    (tmp_path / "best.ckpt").rename(tmp_path / "elsewhere.ckpt")
    (tmp_path / "best.ckpt").symlink_to(tmp_path / "elsewhere.ckpt")
    assert preflight(made)[0] == 0


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.ckpt"
    with path.open("wb") as file:
        file.truncate(SMALL_BYTES + 1)
    return path


def test_a_large_file_is_hashed_on_one_node(
    preflight: Preflight, tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = manifest(tmp_path, inputs=(signed_file(large),))
    times = large.stat()
    with large.open("r+b") as file:
        file.write(b"x")
    os.utime(large, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if nothing had happened
    assert preflight(made)[0] == 40
    monkeypatch.setenv("SLURM_NODEID", "7")
    assert preflight(made)[0] == 0, "size and time are as signed"
    assert preflight(made, "--large", "every-node")[0] == 40
    monkeypatch.setenv("SLURM_NODEID", "0")
    assert preflight(made, "--large", "never")[0] == 0


def test_another_time_alone_lets_the_content_decide(
    preflight: Preflight, tmp_path: Path, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_NODEID", "7")
    made = manifest(tmp_path, inputs=(signed_file(large),))
    os.utime(large, (1, 1))
    assert preflight(made)[0] == 0
    with large.open("r+b") as file:
        file.write(b"x")
    assert preflight(made)[0] == 40


def test_the_container_is_a_signed_file_too(preflight: Preflight, tmp_path: Path) -> None:
    image = tmp_path / "image.sif"
    image.write_bytes(b"an image")
    made = manifest(tmp_path, container=signed_file(image, "container"))
    assert preflight(made)[0] == 0
    image.write_bytes(b"another.")
    status, told = preflight(made)
    assert status == 40
    assert "container: " in told


def test_a_withdrawn_sign_off(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    withdrawn_marker(tmp_path / "manifest.json").touch()
    status, told = preflight(made)
    assert status == 41
    assert "The sign-off was withdrawn" in told


def test_approvals_that_have_expired(preflight: Preflight, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    given = now - timedelta(days=8)
    assert preflight(manifest(tmp_path, created_at=given, until=now + timedelta(days=1)))[0] == 0
    status, told = preflight(manifest(tmp_path, created_at=given, until=now - timedelta(days=1)))
    assert status == 41
    assert f"The approvals expired on {now - timedelta(days=1):%Y-%m-%d %H:%M} UTC, and it is " in told
    assert "Say GO again on the attempt, and submit the script which that writes." in told
    assert "nothing was started (exit 41)" in told


def test_the_kill_switch(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    made.kill_file.touch()
    status, told = preflight(made)
    assert status == 45
    assert f"The kill switch is set: {made.kill_file} is there" in told


def test_other_nodes_than_were_signed(preflight: Preflight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    made = manifest(tmp_path, job=SignedJob(nodes=50, gpus_per_node=8))
    status, told = preflight(made)
    assert status == 41
    assert "Slurm gave 2 nodes, 50 were signed" in told


def test_all_faults_are_told_and_the_worst_gives_the_code(preflight: Preflight, tmp_path: Path) -> None:
    made = manifest(tmp_path)
    made.kill_file.touch()
    withdrawn_marker(tmp_path / "manifest.json").touch()
    (tmp_path / "best.ckpt").unlink()
    (tmp_path / "scan_cache.pkl").unlink()
    status, told = preflight(made)
    assert status == 40
    assert told.count("aqboard preflight on ") == 5
    assert told.index("best.ckpt") < told.index("withdrawn") < told.index("kill switch")


BROKEN = {
    "empty": b"",
    "not JSON": b"#!/bin/bash\n",
    "cut off": None,
    "a list": b"[]",
    "another format": None,
    "not UTF-8": b"\xff\xfe{}",
    "deeply nested": b"[" * 100_000,
    "a huge number": b'{"format": 1, "number": ' + b"9" * 5000 + b"}",
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_is_refused_in_words(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import hashlib

    text = manifest(tmp_path).text.encode()
    content = {"cut off": text[:200], "another format": text.replace(b'"format":1', b'"format":2')}.get(
        name, BROKEN[name]
    )
    assert content is not None
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    assert main([str(path), "--sha256", manifest(tmp_path).sha256]) == 40
    assert "is not the one this script was written for" in capsys.readouterr().err
    # And when the script itself was written for that: still no traceback, and no start.
    assert main([str(path), "--sha256", hashlib.sha256(content).hexdigest()]) == 41
    told = capsys.readouterr().err
    assert "cannot be understood by aqboard" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.symlink_to(path)])
def test_a_manifest_that_is_not_there(make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "manifest.json"
    make(path)
    assert main([str(path), "--sha256", "0" * 64]) == 40
    assert "cannot be read on this node" in capsys.readouterr().err


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "train.py").write_text("lr = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_the_code_is_the_commit_that_was_signed(preflight: Preflight, tmp_path: Path, tree: Path) -> None:
    made = manifest(tmp_path, code=code_state(tree))
    assert preflight(made)[0] == 0
    (tree / "log.csv").write_text("not under version control")
    assert preflight(made)[0] == 0
    (tree / "train.py").write_text("lr = 2\n")
    status, told = preflight(made)
    assert status == 41
    assert f"{tree} has uncommitted changes; see `git diff HEAD`" in told
    git(tree, "commit", "-qam", "second")
    assert "is at commit" in preflight(made)[1]


def test_changes_that_were_signed_may_stay_and_may_not_change(preflight: Preflight, tmp_path: Path, tree: Path) -> None:
    (tree / "train.py").write_text("lr = 2\n")
    made = manifest(tmp_path, code=code_state(tree))
    assert made.code is not None
    assert made.code.dirty
    assert preflight(made)[0] == 0
    (tree / "train.py").write_text("lr = 3\n")
    status, told = preflight(made)
    assert status == 41
    assert "has other uncommitted changes than were signed" in told


def test_without_git_the_commit_is_read_by_hand_and_the_rest_said(
    preflight: Preflight, tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = manifest(tmp_path, code=code_state(tree))
    monkeypatch.setattr(code.shutil, "which", lambda _: None)
    status, told = preflight(made)
    assert status == 0
    assert "git is not installed here: uncommitted changes in" in told
    git(tree, "pack-refs", "--all")
    assert preflight(made)[0] == 0
    git(tree, "worktree", "add", "-q", str(tmp_path / "linked"))
    linked = code._by_hand(tmp_path / "linked")
    assert linked is not None
    assert made.code is not None
    assert linked.commit == made.code.commit
    (tree / "train.py").write_text("lr = 2\n")
    git(tree, "commit", "-qam", "second")
    assert preflight(made)[0] == 41


def test_only_the_first_node_asks_git(
    preflight: Preflight, tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = manifest(tmp_path, code=code_state(tree))
    (tree / "train.py").write_text("lr = 2\n")
    monkeypatch.setenv("SLURM_NODEID", "1")
    assert preflight(made)[0] == 0
    monkeypatch.setenv("SLURM_NODEID", "0")
    assert preflight(made)[0] == 41


def test_a_folder_that_cannot_be_written_hides_no_fault(
    preflight: Preflight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = manifest(tmp_path, verdict_file=Path("/proc/nowhere/guard_verdict.json"))
    (tmp_path / "best.ckpt").unlink()
    status, told = preflight(made)
    assert status == 40
    assert "cannot be written" in told
