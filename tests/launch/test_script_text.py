import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqboard.domain.errors import LaunchError
from aqboard.domain.signing.signoff import Decision
from aqboard.launch.container import outermost
from aqboard.launch.profile import load_profile, profile_names
from aqboard.launch.script import Approval, render, render_body, render_canary
from tests.launch.launch_golden import CANARY, CASES, CONTAINER, golden_path
from tests.launch.launch_samples import SEAL, SIGNED, UID, attempt, go, plan

DIRECTIVE = re.compile(r"#SBATCH --[a-z-]+(=[A-Za-z0-9_.:,/%+-]+)?")
NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=60).filter(str.strip)


def commands(script: str) -> list[str]:
    """What bash and sbatch act on: everything but plain comments."""
    return [line for line in script.split("\n") if not line.startswith("#") or line.startswith("#SBATCH")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_script_equals_its_golden_file(case):
    assert case() == golden_path(case).read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing_to_say(tmp_path):
    signed = [case for case in CASES if case.__name__ != "generic_body"]  # a body alone names no manifest
    for case in signed:
        (tmp_path / f"{case.__name__}.sh").write_text(case(), encoding="utf-8")
    found = subprocess.run(["shellcheck", *tmp_path.iterdir()], text=True, capture_output=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_bash_finds_no_syntax_error(case):
    checked = subprocess.run(["bash", "-n"], input=case(), text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("name", profile_names())
def test_every_packaged_profile_gives_a_script_with_clean_directives_before_any_command(name):
    lines = render(attempt(plan(profile=name)), load_profile(name), Approval.of(go()), SIGNED).split("\n")
    assert lines[0] == "#!/bin/bash"
    directives = [i for i, line in enumerate(lines) if line.startswith("#SBATCH")]
    first_command = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    assert len(directives) >= 11
    assert max(directives) < first_command
    assert all(DIRECTIVE.fullmatch(lines[i]) for i in directives)


@pytest.mark.parametrize("more", [{}, {"canary": CANARY, "container": CONTAINER, "venv": "/venv"}], ids=str)
def test_the_sealed_body_runs_in_the_signed_scripts_line_by_line_and_in_order(more):
    of, profile = plan(**more), load_profile("lumi-g")
    parts = [attempt(of), profile, Approval.of(go()), SIGNED]
    signed = iter(f"{render(*parts)}\n{render_canary(*parts) or ''}".split("\n"))
    assert all(line in signed for line in render_body(of, profile).split("\n"))


def test_the_body_knows_nothing_of_attempt_or_approval():
    body = render_body(plan(), load_profile("lumi-g"))
    assert not [word for word in (UID, SEAL, "Okafor", "GO") if word in body]


@pytest.mark.parametrize(
    "change",
    [
        {"nodes": 51},
        {"command": ["python", "other.py"]},
        {"workdir": "/other"},
        {"account": "project_2"},
        {"canary": {"time": "00:10:00"}},
        {"container": CONTAINER},
        {"venv": "/venv"},
        {"python": "python3.12"},
    ],
    ids=str,
)
def test_a_changed_plan_changes_the_body(change):
    profile = load_profile("lumi-g")
    assert render_body(plan(**change), profile) != render_body(plan(), profile)


def test_preview_says_not_signed_and_refuses_before_anything_else():
    preview = render(attempt(), load_profile("lumi-g"), None)
    assert "NOT SIGNED" in preview.split("\n")[6]
    first = [line for line in preview.split("\n") if line and not line.startswith("#")][:2]
    assert first[0].startswith("echo 'aqboard: this script is NOT SIGNED.")
    assert first[1] == "exit 1"


def test_an_approval_of_another_attempt_is_refused():
    with pytest.raises(LaunchError, match="given for attempt ffff, not for 0123"):
        render(attempt(), load_profile("lumi-g"), Approval.of(go(attempt="ffff")))


def test_no_go_and_nobody_make_no_approval():
    with pytest.raises(LaunchError, match="Ada Okafor said NO-GO"):
        Approval.of(go(), go(decision=Decision.NO_GO))
    with pytest.raises(LaunchError, match="Nobody has said GO"):
        Approval.of()
    with pytest.raises(LaunchError, match="different seals"):
        Approval.of(go(), go(seal="0" * 64))
    with pytest.raises(ValueError, match="GO only"):
        Approval(signoffs=(go(decision=Decision.NO_GO),))


def test_an_input_without_a_digest_is_refused():
    whole = attempt()
    with pytest.raises(LaunchError, match=r"checkpoint\.path: .*best\.ckpt has no digest"):
        render(attempt(inputs=[f for f in whole.inputs if f.key != "checkpoint.path"]), load_profile("lumi-g"), None)


def test_a_script_is_signed_only_with_the_manifest_of_what_was_signed():
    with pytest.raises(LaunchError, match="carries the manifest"):
        render(attempt(), load_profile("lumi-g"), Approval.of(go()))


def test_cost_and_sources_are_in_the_header():
    script = render(attempt(), load_profile("lumi-g"), Approval.of(go()), SIGNED)
    assert "400 GPU-hours per hour, 9 600 for the whole 24 h; billed 200 LUMI GPU-hours" in script
    assert "partition standard-g: at most 1024 nodes, at most 48 h" in script
    assert "partition dev-g" not in script
    assert "/scheduled-jobs/partitions/ (source commit 27f3bb3, read 2026-" in script


@settings(max_examples=60)
@given(name=NAMES, author=NAMES, person=NAMES, comment=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_name_and_no_comment_changes_what_runs(name, author, person, comment):
    profile = load_profile("lumi-g")
    usual = render(attempt(), profile, Approval.of(go()), SIGNED)
    written = attempt(plan().model_copy(update={"name": name, "author": author}))
    script = render(written, profile, Approval.of(go(person=person, comment=comment)), SIGNED)
    assert commands(script) == commands(usual)
    assert "\r" not in script
    assert all(line.isprintable() for line in script.split("\n"))


@settings(max_examples=60)
@given(job_name=NAMES)
def test_a_job_name_is_one_clean_word_in_its_directive(job_name):
    body = render_body(plan(job_name=job_name), load_profile("lumi-g"))
    directive = body.split("\n")[1]
    assert re.fullmatch(r"#SBATCH --job-name=[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", directive)


def test_a_value_that_evaded_the_plans_validation_is_still_refused():
    smuggled = plan()
    smuggled = smuggled.model_copy(
        update={"cluster": smuggled.cluster.model_copy(update={"account": "a\n#SBATCH --nodes=4000"})}
    )
    with pytest.raises(LaunchError, match="cannot stand in a batch directive"):
        render_body(smuggled, load_profile("lumi-g"))


@pytest.mark.parametrize("folder", ["/a,b", "/a:b"])
@pytest.mark.parametrize("key", ["workdir", "image"])
def test_a_folder_that_a_container_would_misread_is_refused(folder, key):
    container = {"image": f"{folder}/x.sif" if key == "image" else "/images/x.sif"}
    of = plan(container=container, workdir=folder if key == "workdir" else "/work")
    with pytest.raises(LaunchError, match=f"'{folder}' cannot be bound into a container"):
        render_body(of, load_profile("lumi-g"))


def test_each_folder_is_bound_once_and_none_inside_another():
    assert outermost(["/a/b/c", "/a/b", "/d", "/a/b", "/a/bc"]) == ("/a/b", "/d", "/a/bc")


@pytest.mark.parametrize(
    ("changes", "python"),
    [
        ({}, "python"),
        ({"command": ["/opt/venv/bin/python3.11", "train.py"]}, "/opt/venv/bin/python3.11"),
        ({"command": ["./train.sh"]}, "python3"),
        ({"command": ["pythonic"], "python": "/x/python"}, "/x/python"),
    ],
    ids=str,
)
def test_the_preflight_runs_in_the_commands_own_python(changes, python):
    assert f"\npython={python}\n" in render_body(plan(**changes), load_profile("lumi-g"))


def test_the_canary_is_the_launch_in_small():
    of = plan(canary=CANARY)
    parts = [attempt(of), load_profile("lumi-g"), Approval.of(go()), SIGNED]
    main, canary = commands(render(*parts)), commands(render_canary(*parts))
    assert "export AQBOARD_CANARY=1" in canary
    assert "export AQBOARD_CANARY=1" not in main
    assert "unset AQBOARD_CANARY" in main
    for line in ("--nodes=2", "--partition=dev-g", "--time=00:20:00", "--job-name=topoflow-400-canary"):
        assert f"#SBATCH {line}" in canary
    assert "command=(python -m aqboard_reference.topoflow.train config.yaml --trainer.num_nodes=2)" in canary
    assert render_canary(attempt(), *parts[1:]) is None


def test_a_canary_goes_where_the_plan_says_or_where_the_launch_goes():
    def partition(**changes):
        text = render_canary(attempt(plan(**changes)), load_profile(changes["profile"]), Approval.of(go()), SIGNED)
        return re.search("--partition=(.*)", text).group(1)

    assert partition(profile="lumi-g", canary={"partition": "small-g"}) == "small-g"
    assert partition(profile="generic", partition="gpu", canary={}) == "gpu"
