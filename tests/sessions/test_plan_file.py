from collections.abc import Callable
from pathlib import Path

import pytest

from aqboard.domain.errors import PlanError
from aqboard.sessions.plan_file import read_plan
from tests import samples


def test_a_plan_comes_back_with_its_text(plan_file: Callable[..., Path]) -> None:
    path = plan_file()
    plan, text = read_plan(path)
    assert plan.cluster.gpus == 400
    assert plan.checkpoint.path == path.parent / "baseline.ckpt"
    assert text == path.read_text()


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"scann": {}}, ["unknown key 'scann'", "did you mean 'scan'?"]),
        ({"scan": {"rule": "strip", "layout": "compat", "cache": "c"}}, ["scan.rule is 'strip'", "'strip-sector'"]),
        ({"scan": {"rule": "none", "layout": "compat", "cach": "c"}}, ["unknown key 'scan.cach'", "'cache'"]),
        ({"scan": {"rule": "none", "layout": "compat"}}, ["the key 'scan.cache' is missing"]),
        ({"baseline": {"val_loss": "low"}}, ["baseline.val_loss is 'low'", "number"]),
    ],
)
def test_a_typo_is_named_with_what_is_allowed(
    plan_file: Callable[..., Path], sections: dict[str, object], said: list[str]
) -> None:
    file = plan_file()
    import yaml

    file.write_text(yaml.safe_dump({**samples.plan_document(), **sections}))
    with pytest.raises(PlanError) as told:
        read_plan(file)
    for part in [str(file), *said]:
        assert part in told.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a plan"),
        (b"- a\n- b\n", "is not a plan"),
        (b"name: [unclosed\n", "line 2"),
        (b"name: a\nname: b\n", "stands twice"),
        (b"a: &x [1, 2]\nb: *x\n", "aliases"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"!!python/object/apply:os.system ['touch marker']\n", "tag"),
        (b"x" * (1 << 20) + b"y", "at most 1024 KiB"),
    ],
    ids=["empty", "list", "syntax", "repeated key", "alias", "binary", "python tag", "huge"],
)
def test_what_is_no_plan_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_bytes(content)
    with pytest.raises(PlanError) as told:
        read_plan(file)
    assert said in told.value.message
    assert "\n" not in told.value.message


def test_a_missing_plan_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(PlanError, match="plan"):
            read_plan(path)
