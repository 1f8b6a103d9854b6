"""What we render ourselves is clean: under our lint, `bash -n` and shellcheck, for every profile."""

import shutil
import subprocess

import pytest

from aqboard.launch.profile import all_profiles, load_profile, profile_names
from aqboard.launch.script import Approval, render
from aqboard.lint.check import lint
from tests.launch.launch_golden import CASES
from tests.launch.launch_samples import SIGNED, attempt, go, plan

SEALED = ("generic_body",)
"""Not a script: the launch's and its canary's, one behind the other, as the seal takes them."""

PARTITIONS = {"leonardo": "boost_usr_prod", "frontier": "batch"}


def scripts() -> dict[str, str]:
    """Every golden script, and a signed one for each profile."""
    found = {case.__name__: case() for case in CASES if case.__name__ not in SEALED}
    for name in profile_names():
        profile = load_profile(name)
        gpus = profile.node.gpus or 8
        of = plan(
            profile=name, partition=PARTITIONS.get(name, "standard-g"), nodes=50, gpus_per_node=gpus, time="02:00:00"
        )
        found[f"{name}-signed"] = render(attempt(of), profile, Approval.of(go()), SIGNED)
    return found


SCRIPTS = scripts()


@pytest.mark.parametrize("name", SCRIPTS)
def test_our_lint_finds_nothing(name):
    told = name.rpartition("-")[0]
    profile = load_profile(told) if told in profile_names() else None
    report = lint(SCRIPTS[name], profiles=all_profiles(), profile=profile)
    assert [(finding.line, finding.rule, finding.message) for finding in report.findings] == []
    assert [note for note in report.notes if "not understood" in note] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_bash_finds_nothing(name):
    done = subprocess.run(["bash", "-n"], input=SCRIPTS[name], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing(name):
    done = subprocess.run(["shellcheck", "-"], input=SCRIPTS[name], text=True, capture_output=True, check=False)
    assert done.stdout == ""
