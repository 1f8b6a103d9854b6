from pathlib import Path

import pytest
from pydantic import ValidationError

from tests import samples


def test_relative_paths_start_at_the_plans_folder() -> None:
    scan = {"rule": "none", "layout": "compat", "cache": "/abs/c.pkl", "candidates": ["other.pkl"]}
    plan = samples.plan(scan=scan, baseline={"val_loss": 1, "log": "log.csv"}).with_base(Path("/plans"))
    assert dict(plan.input_files()) == {
        "target.config": Path("/plans/train.yaml"),
        "checkpoint.path": Path("/plans/baseline.ckpt"),
        "scan.cache": Path("/abs/c.pkl"),
        "scan.candidates[0]": Path("/plans/other.pkl"),
        "baseline.log": Path("/plans/log.csv"),
    }
    assert plan.data.directory == Path("/plans/stores")
    assert plan.with_base(Path("/elsewhere")) == plan


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("cluster", "account", "a; rm -rf /"),
        ("cluster", "time", "tomorrow"),
        ("cluster", "time", "24"),
        ("cluster", "time", "1-12"),
        ("cluster", "workdir", "relative/path"),
        ("cluster", "command", []),
        ("cluster", "job_name", "two\nlines"),
        ("cluster", "nodes", 0),
        ("baseline", "val_loss", float("nan")),
        ("baseline", "val_loss", 0),
        ("baseline", "tolerance", 2),
        ("target", "builder", "os:system('x')"),
    ],
)
def test_values_that_no_launch_should_carry_are_refused(section: str, key: str, value: object) -> None:
    document = samples.plan_document()
    document[section] = {**document[section], key: value}
    with pytest.raises(ValidationError):
        samples.plan(**{section: document[section]})
