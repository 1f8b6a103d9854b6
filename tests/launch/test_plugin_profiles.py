"""Cluster profiles of installed packages: used like the packaged ones, read without importing anything."""

import sys

import pytest
import yaml
from typer.testing import CliRunner

from aqboard.cli import app
from aqboard.domain.errors import LaunchError
from aqboard.launch.profile import all_profiles, load_profile, profile_faults, profile_files, profile_names
from tests.launch.test_profile_files import OURS, PACKAGED
from tests.packages import install

RUNS = "raise RuntimeError('imported')\n"
"""Code of a package that only has profiles to give."""


@pytest.fixture(autouse=True)
def _no_outside_profiles(monkeypatch):
    monkeypatch.delenv("AQBOARD_PROFILES", raising=False)


def profile(name: str, **changes: object) -> str:
    return yaml.safe_dump(OURS | {"name": name} | changes)


def brings(site, name: str = "ourclusters", module: str = "plug_clusters", **files: str) -> None:
    texts = {f"{module}/profiles/{stem}.yaml": text for stem, text in files.items()}
    entries = f"[aqboard.profiles]\nall = {module}.profiles\n"
    install(site, name, entries, {f"{module}/__init__.py": RUNS, **texts})


def test_no_installed_package_brings_profiles_here() -> None:
    assert profile_names() == PACKAGED
    assert profile_faults() == ()


def test_a_package_brings_profiles_and_none_of_its_code_runs(site) -> None:
    brings(site, north=profile("north", title="The northern one"), south=profile("south"))
    assert profile_names() == tuple(sorted((*PACKAGED, "north", "south")))
    assert load_profile("north").title == "The northern one"
    assert {"north", "south"} <= {each.name for each in all_profiles()}
    assert profile_faults() == ()
    assert "plug_clusters" not in sys.modules
    done = CliRunner().invoke(app, ["profiles"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "north: The northern one" in done.stdout


def test_a_profile_that_exists_already_is_refused_and_the_rest_of_the_package_is_used(site) -> None:
    brings(site, **{"lumi-g": profile("lumi-g", title="Mine"), "north": profile("north")})
    brings(site, "second", "plug_second", north=profile("north", title="Mine"))
    assert load_profile("lumi-g").title != "Mine"
    assert load_profile("north").title == OURS["title"]
    assert profile_faults() == (
        "The package ourclusters 1.2 brings cluster profiles that cannot be used: the profile 'lumi-g' exists already.",
        "The package second 1.2 brings cluster profiles that cannot be used: the profile 'north' exists already.",
    )


def test_a_teams_own_profile_wins_over_a_packages(site, tmp_path, monkeypatch) -> None:
    brings(site, north=profile("north", title="Theirs"))
    own = tmp_path / "own"
    own.mkdir()
    (own / "north.yaml").write_text(profile("north", title="Ours"))
    monkeypatch.setenv("AQBOARD_PROFILES", str(own))
    assert load_profile("north").title == "Ours"
    assert profile_files()["north"] == own / "north.yaml"
    assert profile_faults() == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "north.yaml is not a cluster profile"),
        (profile("other"), "`name: other` differs from the file's name"),
        (profile("north", gpus=8), "gpus: Extra inputs are not permitted"),
        ("#" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_faulty_profile_is_told_and_takes_nothing_down(site, text: str, said: str) -> None:
    brings(site, north=text, south=profile("south"))
    assert profile_names() == tuple(sorted((*PACKAGED, "south")))
    (fault,) = profile_faults()
    assert fault.startswith("The package ourclusters 1.2 brings cluster profiles that cannot be used: ")
    assert said in fault and ".." not in fault and "\n" not in fault
    done = CliRunner().invoke(app, ["profiles", "--json"])
    assert done.exit_code == 0
    assert done.stderr.strip() == f"note: {fault}"
    with pytest.raises(LaunchError, match=r"no cluster profile 'north'.*The package ourclusters 1\.2 brings"):
        load_profile("north")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("plug_nowhere.profiles", "there is no package plug_nowhere.profiles"),
        ("plug_clusters.nowhere", "there is no package plug_clusters.nowhere"),
        ("plug_clusters.module", "there is no package plug_clusters.module"),
        ("plug_clusters.profiles:ALL", "names an object"),
        ("plug_clusters", "it has no *.yaml file"),
    ],
)
def test_an_entry_that_names_no_folder_of_profiles_is_told(site, value: str, said: str) -> None:
    files = {"plug_clusters/__init__.py": RUNS, "plug_clusters/module.py": RUNS, "plug_clusters/profiles/a.txt": ""}
    install(site, "ourclusters", f"[aqboard.profiles]\nall = {value}\n", files)
    (fault,) = profile_faults()
    assert said in fault
    assert profile_names() == PACKAGED
