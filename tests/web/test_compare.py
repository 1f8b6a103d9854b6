from pathlib import Path

import pytest

from aqboard.store import Store
from aqboard.web.tables.compare import ABSENT, finding_differences, flattened, input_differences, plan_differences
from aqboard.web.tables.history import history_rows
from tests.sample_attempts import SUITE_IDS, fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> tuple[Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("compare")
    with Store(folder / "board.db", create=True) as store:
        return folder / "board.db", fill(store, folder / "inputs")


@pytest.fixture
def pair(filled):
    database, numbers = filled
    with Store(database) as store:
        return store.attempt(numbers["as_found"]), store.attempt(numbers["fixed"])


def test_a_plan_becomes_dotted_keys():
    nested = {"a": {"b": 1, "c": [True, {"d": None}]}, "e": [], "f": "x"}
    assert flattened(nested) == {"a.b": "1", "a.c[0]": "True", "a.c[1].d": ABSENT, "e": ABSENT, "f": "x"}


def test_only_keys_that_differ_are_shown_unless_all_are_asked_for(pair):
    (row,) = plan_differences(pair)
    assert list(row.values()) == ["name", "as found: 400 GPUs", "fixed: 400 GPUs"]
    every = plan_differences(pair, only_different=False)
    assert "cluster.nodes" in {row["key in the plan"] for row in every}
    assert len(every) == len(flattened(pair[0].attempt.plan.model_dump(mode="json")))


def test_findings_that_differ_are_told_with_sign_word_and_summary(pair):
    rows = {row["check"]: list(row.values())[1:] for row in finding_differences(pair)}
    before, after = rows["Full forward pass"]
    assert before.startswith("❌ fail: The forward pass fails") and after.startswith("✅ pass: Output")
    assert len(finding_differences(pair, only_different=False)) == len(SUITE_IDS)


def test_equal_inputs_do_not_differ_and_an_input_that_only_one_has_is_absent(pair):
    assert input_differences(pair) == []
    log = pair[0].attempt.inputs[-1]
    shorter = pair[1].attempt.model_copy(update={"inputs": pair[1].attempt.inputs[:-1]})
    without = type(pair[1])(**{**vars(pair[1]), "attempt": shorter})
    (row,) = input_differences((pair[0], without))
    assert list(row.values()) == [log.key, f"{log.sha256[:12]} ({log.path.name})", ABSENT]


def test_the_history_shows_each_stages_worst_verdict(filled):
    database, numbers = filled
    with Store(database) as store:
        rows = {row["no."]: row for row in history_rows(store.attempts())}
    as_found, broken, not_run = (rows[numbers[name]] for name in ("as_found", "broken", "not_run"))
    assert (as_found["state"], as_found["Checkpoint"], as_found["Wind scan"]) == ("⛔ NOT READY", "❌ fail", "✅ pass")
    assert (broken["state"], broken["Checkpoint"], broken["First loss"]) == ("❔ INCOMPLETE", "💥 error", "⏭️ skip")
    assert (not_run["passed"], not_run["Forward pass"]) == (f"0 of {len(SUITE_IDS)}", "⬜ not run")
    assert as_found["decision"] == "none"
