from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aqboard.domain.cluster import cite
from aqboard.domain.errors import LaunchError
from aqboard.launch.facts import facts
from aqboard.launch.profile import load_profile, profile_files, profile_names

PACKAGED = ("frontier", "generic", "juwels-booster", "leonardo", "lumi-g")

OURS = {
    "name": "ours",
    "title": "Our own cluster",
    "sources": {"wiki": {"title": "Our wiki", "read": "2026-11-01"}},
    "node": {"gpus": 2, "cores": 8, "source": "wiki"},
    "partitions": {"gpu": {"max_nodes": 4, "max_time": "12:00:00", "source": "wiki"}},
}


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AQBOARD_PROFILES", str(tmp_path))
    return tmp_path


def write(folder: Path, stem: str = "ours", /, **changes: object) -> Path:
    path = folder / f"{stem}.yaml"
    path.write_text(yaml.safe_dump(OURS | changes), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _no_outside_profiles(monkeypatch):
    monkeypatch.delenv("AQBOARD_PROFILES", raising=False)


def test_the_packaged_profiles():
    assert profile_names() == PACKAGED


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_figure_has_a_source_and_every_source_is_used(name):
    profile = load_profile(name)
    assert {part.source for part in profile.sourced()} == set(profile.sources)
    told = facts(profile)
    assert len(told) == len(profile.sourced())
    assert all(str(fact.source.read) in cite(fact.source) for fact in told)


def test_lumi_g_is_as_documented():
    profile = load_profile("lumi-g")
    assert (profile.node.gpus, profile.node.cores, profile.cores_per_task, profile.memory_request) == (8, 56, 7, "480G")
    cores = [core for mask in profile.cpu_masks.masks for core in range(64) if int(mask, 16) >> core & 1]
    assert sorted(cores) == [core for core in range(64) if core % 8]
    assert cores[0] == 49


def test_frontier_is_as_documented():
    profile = load_profile("frontier")
    assert (profile.node.gpus, profile.node.cores, profile.memory) == (8, 56, None)
    batch = profile.partitions["batch"]
    limits = [batch.time_limit(nodes) for nodes in (1, 91, 92, 183, 184, 9472, None)]
    assert limits == ["02:00:00", "02:00:00", "06:00:00", "06:00:00", "12:00:00", "12:00:00", "12:00:00"]
    assert profile.cpu_masks.masks == load_profile("lumi-g").cpu_masks.masks


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(
        LaunchError, match=r"no cluster profile 'lumi'\. There are: frontier, generic, juwels-booster, leonardo"
    ):
        load_profile("lumi")
    with pytest.raises(LaunchError, match="no cluster profile"):
        load_profile("../profiles/lumi-g")


def test_a_teams_own_profile_is_found_beside_the_packaged_ones(own_folder):
    write(own_folder)
    assert profile_names() == (*PACKAGED, "ours")
    assert load_profile("ours").partitions["gpu"].max_nodes == 4
    assert load_profile("ours").memory_request == "0"


def test_a_teams_own_profile_wins_over_the_packaged_one(own_folder):
    path = write(own_folder, "generic", name="generic")
    assert profile_files()["generic"] == path
    assert load_profile("generic").title == "Our own cluster"


def test_a_folder_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setenv("AQBOARD_PROFILES", "/nowhere/profiles")
    with pytest.raises(LaunchError, match="AQBOARD_PROFILES is '/nowhere/profiles', which is not a folder"):
        profile_names()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "other"}, "`name: other` differs"),
        ({"gpus": 8}, "gpus: Extra inputs are not permitted"),
        ({"node": {"gpus": 2, "cores": 8, "source": "memory"}}, "`sources` has no entry 'memory'"),
        ({"node": {"gpus": 99, "source": "wiki"}}, "node.gpus: Input should be less than or equal to 16"),
        ({"node": {"gpus": 2}}, "node.source: Field required"),
        ({"cpu_masks": {"masks": ["0xf"], "source": "wiki"}}, "1 masks for 2 GPUs"),
        ({"cpu_masks": {"masks": ["0xf", "0x78"], "source": "wiki"}}, "0x78 shares cores"),
        ({"cpu_masks": {"masks": ["0xf", "0x70"], "source": "wiki"}}, "must hold 4 cores"),
        ({"cpu_masks": {"masks": ["$(x)", "0xf0"], "source": "wiki"}}, r"cpu_masks\.masks\.0: String should match"),
        ({"environment": {"RANK": {"value": "0", "why": "no", "source": "wiki"}}}, "must not set RANK"),
        ({"environment": {"A B": {"value": "0", "why": "no", "source": "wiki"}}}, "String should match"),
        ({"partitions": {"a b": {"source": "wiki"}}}, "String should match"),
        ({"partitions": {"gpu": {"max_time": "1 day", "source": "wiki"}}}, "max_time: String should match"),
        (
            {"node_cache": {"folder": "/tmp/$(x)", "variables": ["A"], "why": "x", "source": "wiki"}},
            "folder: String should match",
        ),
        ({"billing": {"unit": "h", "per_node_hour": 0, "source": "wiki"}}, "per_node_hour: Input should be greater"),
    ],
    ids=str,
)
def test_a_faulty_profile_is_refused_with_the_key_at_fault(own_folder, changes, words):
    path = write(own_folder, **changes)
    with pytest.raises(LaunchError, match=words) as told:
        load_profile("ours")
    assert str(path) in told.value.message
    assert "\n" not in told.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Input should be a valid dictionary"),
        (b"just text", "Input should be a valid dictionary"),
        (b"a: [", "not a cluster profile"),
        (b"\xff\xfe", "not a cluster profile"),
        (b"!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        (b"a: &a [x]\nb: [*a, *a]", "aliases"),
        (b"#" * 70_000, "larger than 64 KiB"),
    ],
    ids=["empty", "text", "broken", "binary", "tag", "alias", "large"],
)
def test_a_file_that_is_no_profile_is_refused_in_one_line(own_folder, content, words):
    (own_folder / "ours.yaml").write_bytes(content)
    with pytest.raises(LaunchError, match=words) as told:
        load_profile("ours")
    assert "\n" not in told.value.message


def test_a_folder_in_the_place_of_a_profile_is_refused(own_folder):
    (own_folder / "ours.yaml").mkdir()
    with pytest.raises(LaunchError, match="cannot be read: Is a directory"):
        load_profile("ours")


@given(st.text(max_size=30))
def test_no_name_reaches_a_file_outside_the_folders(name):
    if name in PACKAGED:
        assert load_profile(name).name == name
        return
    with pytest.raises(LaunchError):
        load_profile(name)
