"""`aqboard cache` from the outside: exit codes, one JSON document, one sentence."""

import json
import os
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from aqboard.cli import cache, checkpoint, digest
from tests.readers.cache_files import KEYS, small_cache, swapped, team_dict, write_pickle

app = typer.Typer()
app.add_typer(cache.app, name="cache")
app.add_typer(checkpoint.app, name="checkpoint")
app.command("digest")(digest.digest)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def tree(tmp_path):
    """A cache, the same in another key order, another one, and files that are none, in folders."""
    old, new = tmp_path / "runs" / "2024", tmp_path / "runs" / "2025"
    old.mkdir(parents=True)
    new.mkdir()
    content = small_cache()
    write_pickle(old / "wind_scanner_cache.pkl", team_dict(content))
    write_pickle(new / "wind_cache_8x16.pkl", team_dict(content, keys=KEYS[::-1]))
    write_pickle(new / "other_cache.pkl", team_dict(swapped(content)))
    (new / "cache_notes.txt").write_text("which cache was it?")
    (new / "empty_cache.pkl").touch()
    os.utime(old / "wind_scanner_cache.pkl", (1_726_000_000, 1_726_000_000))
    return tmp_path / "runs"


def test_show_tells_content_and_generator(tree):
    path = tree / "2024" / "wind_scanner_cache.pkl"
    done = run("cache", "show", path)
    assert done.exit_code == 0
    assert "8 x 16 patches, 8 sectors" in done.stdout
    assert "equals what the generator builds" in done.stdout
    facts = json.loads(run("cache", "show", path, "--json").stdout)
    assert (facts["grid_h"], facts["equals_generator"], facts["faults"]) == (8, True, [])


def test_compare_answers_by_content(tree):
    a, b, other = tree / "2024/wind_scanner_cache.pkl", tree / "2025/wind_cache_8x16.pkl", tree / "2025/other_cache.pkl"
    same, different = run("cache", "compare", a, b), run("cache", "compare", a, other, "--json")
    assert (same.exit_code, different.exit_code) == (0, 1)
    assert "same-content" in same.stdout
    assert json.loads(different.stdout)["verdict"] == "orders-differ"


def test_a_broken_order_is_a_fault(tmp_path):
    orders = small_cache().global_orders.copy()
    orders[2] = 0
    path = write_pickle(tmp_path / "x.pkl", team_dict(small_cache(global_orders=orders)))
    done = run("cache", "show", path)
    assert (done.exit_code, "global order of sector 2 is no permutation" in done.stdout) == (1, True)


@pytest.mark.parametrize("command", [("cache", "show"), ("checkpoint", "inspect"), ("digest",)])
def test_a_missing_file_is_one_sentence_and_exit_2(tmp_path, command):
    done = run(*command, tmp_path / "missing.pkl", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "not-found"
    (line,) = done.stderr.strip().splitlines()
    assert "missing.pkl cannot be opened: No such file" in line


def test_group_tells_two_contents(tree):
    paths = [path for path in sorted(tree.rglob("*.pkl")) if path.stat().st_size]
    done = run("cache", "group", *paths, "--json")
    groups = json.loads(done.stdout)["groups"]
    assert (done.exit_code, sorted(len(group["paths"]) for group in groups)) == (1, [1, 2])
    assert run("cache", "group", *paths).stdout.count("content ") == 2


def test_find_groups_marks_and_counts(tree):
    like = tree / "2025" / "wind_cache_8x16.pkl"
    done = run("cache", "find", tree, "--like", like, "--json")
    hunt = json.loads(done.stdout)
    assert done.exit_code == 0
    assert len(hunt["groups"]["facts"]) == 3
    assert hunt["not_caches"] == 2
    assert len(hunt["groups"]["groups"][0]["paths"]) == 2
    assert hunt["groups"]["groups"][0]["content"] == hunt["like"]["content"]
    assert "equals" in run("cache", "find", tree, "--like", like).stdout


def test_find_by_date_and_name(tree):
    found = json.loads(run("cache", "find", tree, "--older", "2024-09-26", "--newer", "2024-09-01", "--json").stdout)
    assert [fact["file"]["path"].rsplit("/", 1)[1] for fact in found["groups"]["facts"]] == ["wind_scanner_cache.pkl"]
    nothing = run("cache", "find", tree, "--name", "*.nothing")
    assert nothing.exit_code == 1


def test_find_recognises_the_cache_a_checkpoint_is_stamped_with(tree):
    content = json.loads(run("cache", "show", tree / "2025" / "other_cache.pkl", "--json").stdout)["digests"]["content"]
    stamped = {"state_dict": {"w": torch.ones(1)}, "aqboard_provenance": {"scan_cache": {"content": content}}}
    torch.save(stamped, tree / "x.ckpt")
    hunt = json.loads(run("cache", "find", tree, "--checkpoint", tree / "x.ckpt", "--json").stdout)
    assert hunt["groups"]["groups"][0]["paths"][0].endswith("other_cache.pkl")


def test_mentions_in_logs_and_checkpoints(tree):
    known = tree / "2024" / "wind_scanner_cache.pkl"
    md5 = json.loads(run("digest", known, "--json").stdout)[0]["md5"]
    log = tree / "slurm-1.out"
    log.write_text(f"start\nLoaded cache /scratch/p/wind_scanner_cache.pkl (md5 {md5})\nnum_sectors: 16\n" * 2)
    hyper = {"scan_cache": "data_processed/wind_cache_64x128.pkl", "scan_rule": "strip-sector"}
    torch.save({"state_dict": {"w": torch.ones(1)}, "hyper_parameters": hyper}, tree / "x.ckpt")
    done = run("cache", "mentions", tree, "--known", known, "--json")
    found = {(m["kind"], m["value"]): m for m in json.loads(done.stdout)["mentions"]}
    assert done.exit_code == 0
    assert found["path", "/scratch/p/wind_scanner_cache.pkl"]["times"] == 2
    assert found["md5", md5]["known_as"] == "wind_scanner_cache.pkl"
    assert (found["md5", md5]["first"], found["md5", md5]["last"]) == ("line 2", "line 5")
    assert found["path", "data_processed/wind_cache_64x128.pkl"]["first"] == "hyper_parameters.scan_cache"
    assert ("setting", "scan_rule: strip-sector") in found
    assert "wind_cache_64x128.pkl" in run("cache", "mentions", tree).stdout


def test_a_file_name_that_is_no_text_is_shown_and_does_no_harm(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/cache\xff\x1b[31m.pkl"))
    path.write_bytes(b"hello")
    found = run("cache", "find", tmp_path, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["walk"]["files"] == 1
    shown = run("cache", "show", path)
    assert shown.exit_code == 2
    assert shown.stdout == ""
