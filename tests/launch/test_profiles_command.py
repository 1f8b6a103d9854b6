import json

import pytest
import typer

from aqboard.cli.checks import profiles
from aqboard.launch.profile import profile_names


@pytest.fixture(autouse=True)
def _no_outside_profiles(monkeypatch):
    monkeypatch.delenv("AQBOARD_PROFILES", raising=False)


def test_the_command_prints_one_json_document_with_every_profile(capsys):
    profiles(as_json=True)
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert [entry["name"] for entry in document] == list(profile_names())
    lumi = next(entry for entry in document if entry["name"] == "lumi-g")
    assert lumi["billing"]["per_node_hour"] == 4
    assert lumi["file"].endswith("lumi-g.yaml")
    assert printed.err == ""


def test_the_command_tells_limits_and_sources(capsys):
    profiles()
    text = capsys.readouterr().out
    assert "partition standard-g: at most 1024 nodes, at most 48 h; whole nodes only" in text
    assert "LUMI user guide, Slurm partitions, https://docs.lumi-supercomputer.eu" in text
    assert "at most 9472 nodes, at most 12 h (2 h up to 91 nodes, 6 h up to 183 nodes)" in text
    assert "node: number of GPUs not known, number of usable cores not known" in text


def test_the_command_fails_with_one_sentence_when_a_profile_is_broken(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AQBOARD_PROFILES", str(tmp_path))
    (tmp_path / "ours.yaml").write_text("name: ours\nnode: {gpus: 2}\n")
    with pytest.raises(typer.Exit) as ended:
        profiles(as_json=True)
    printed = capsys.readouterr()
    assert ended.value.exit_code == 2
    assert json.loads(printed.out)["error"]["code"] == "launch"
    assert "node.source: Field required" in printed.err
