"""What the board reads for whoever reaches it: nothing that its owner did not allow, whatever is typed."""

import os
from pathlib import Path

import pytest

from aqboard.lint.parse.source import Unreadable
from aqboard.web.server.allowed_paths import allowed_roots, below, plan_files, read_below
from tests.sample_attempts import sample_plan, write_files


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """An allowed folder with a script, beside a file that nobody allowed and links that lead to it."""
    folder = tmp_path / "jobs"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "jobs-of-another").mkdir()
    for file in (folder / "a.sh", folder / "deep" / "b.sh", tmp_path / "secret.sh", tmp_path / "jobs-of-another/c.sh"):
        file.write_text(f"# {file.name}\n")
    (folder / "link.sh").symlink_to(tmp_path / "secret.sh")
    (folder / "out").symlink_to(tmp_path)
    (folder / "inside.sh").symlink_to(folder / "deep" / "b.sh")
    (folder / "circle.sh").symlink_to(folder / "circle.sh")
    return folder


def test_only_the_plans_folders_and_those_allowed_by_the_owner_are_offered(tmp_path: Path):
    write_files(tmp_path / "inputs")
    (tmp_path / "archive").mkdir()
    plan = sample_plan(tmp_path / "inputs")
    allowed = os.pathsep.join([str(tmp_path / "archive"), str(tmp_path / "not there"), "", str(tmp_path / "archive")])
    assert allowed_roots(plan, {}) == (str(tmp_path / "inputs"),)
    assert allowed_roots(plan, {"AQBOARD_SEARCH_ROOTS": allowed}) == (
        str(tmp_path / "inputs"),
        str(tmp_path / "archive"),
    )


def test_without_a_plan_only_what_the_owner_allows_and_nothing_by_default(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    assert allowed_roots(environment={}) == ()
    named = os.pathsep.join([str(tmp_path), "/nowhere", str(file), ""])
    assert allowed_roots(environment={"AQBOARD_SEARCH_ROOTS": named}) == (str(tmp_path),)


@pytest.mark.parametrize("name", ["a.sh", " a.sh\n", "deep/b.sh", "deep/../a.sh", "inside.sh", "{jobs}/a.sh"])
def test_what_lies_inside_is_found_by_a_relative_or_an_absolute_name(jobs: Path, name: str):
    found = below(["/not there", str(jobs)], name.format(jobs=jobs))
    assert found is not None and found.is_relative_to(jobs) and found.is_file()


def test_a_root_that_is_a_link_allows_what_it_leads_to(jobs: Path, tmp_path: Path):
    (tmp_path / "current").symlink_to(jobs)
    assert below([str(tmp_path / "current")], "a.sh") == jobs / "a.sh"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.sh",
        "deep/../../secret.sh",
        "{outside}/secret.sh",
        "{jobs}/../secret.sh",
        "{jobs}-of-another/c.sh",
        "/etc/passwd",
        "link.sh",
        "out/secret.sh",
        "circle.sh",
        "none.sh",
        "~/.bashrc",
        "a\0b",
        "x" * 5000,
    ],
)
def test_no_file_outside_is_read_and_nobody_learns_whether_it_is_there(jobs: Path, name: str):
    typed = name.format(jobs=jobs, outside=jobs.parent)
    assert below([str(jobs)], typed) is None
    with pytest.raises(Unreadable) as refused:
        read_below([str(jobs)], typed)
    assert refused.value.message == (
        f"There is no such file below the folders that this board may read: {typed[:200]}."
    )


def test_no_roots_allow_nothing(jobs: Path):
    assert below([], str(jobs / "a.sh")) is None
    assert below([str(jobs / "not there")], str(jobs / "a.sh")) is None


def test_a_folder_is_no_script(jobs: Path):
    for name in ("", ".", "deep"):
        with pytest.raises(Unreadable, match="is a folder"):
            read_below([str(jobs)], name)
    assert read_below([str(jobs)], "inside.sh") == "# b.sh\n"


def test_only_plans_that_lie_in_the_folder_itself_are_offered(tmp_path):
    text = "target: {}\ncheckpoint: {}\nbaseline: {}\n"
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (allowed / "below", outside):
        folder.mkdir(parents=True)
    for file in (allowed / "a.yaml", allowed / "b.yml", allowed / "below" / "c.yaml", outside / "secret.yaml"):
        file.write_text(text)
    (allowed / "link.yaml").symlink_to(outside / "secret.yaml")
    (allowed / "same.yaml").symlink_to(allowed / "a.yaml")
    (allowed / "config.yaml").write_text("embed_dim: 64\n")
    (allowed / "folder.yaml").mkdir()
    found = plan_files([str(allowed), str(allowed), str(tmp_path / "not there")])
    assert [file.name for file in found] == ["a.yaml", "b.yml", "same.yaml"]


def test_a_pipe_or_a_file_that_cannot_be_read_is_no_plan_and_stops_nobody(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "circle.yaml").symlink_to(tmp_path / "circle.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\0" * 100)
    assert plan_files([str(tmp_path)]) == ()
