import os
from pathlib import Path

from aqboard.domain.hunt import Mention, MentionReport, WalkReport
from aqboard.readers.caches.hunt import find_caches
from aqboard.readers.caches.walk import Wanted
from aqboard.show.hunt import cache_rows, found_words, left_out, mention_rows
from tests.sample_attempts import write_files


def test_caches_that_match_come_first_and_dates_stand_beside_the_checkpoint(tmp_path: Path):
    write_files(tmp_path)
    checkpoint = tmp_path / "best.ckpt"
    for name, days in (("cache.pkl", -2), ("reversed.pkl", 3)):
        when = checkpoint.stat().st_mtime + days * 86_400
        os.utime(tmp_path / name, (when, when))
    found = find_caches([tmp_path], Wanted(names=("*.pkl",)), like=tmp_path / "same_content.pkl", checkpoint=checkpoint)
    rows = {Path(row["file"]).name: row for row in cache_rows(found.groups, found.like, found.checkpoint)}
    assert list(rows)[-1] == "reversed.pkl"
    assert (rows["cache.pkl"]["the plan's"], rows["reversed.pkl"]["the plan's"]) == ("✅ yes", "no")
    assert rows["cache.pkl"]["the training's"] == "not known", "the checkpoint carries no stamp"
    assert rows["cache.pkl"]["beside the checkpoint"] == "2.0 days before"
    assert rows["reversed.pkl"]["beside the checkpoint"] == "3.0 days after"
    assert found_words(found) == (
        "3 caches",
        "of 2 different contents among 6 files in 1 folders; 0 files of that name are something else.",
    )


def test_without_a_reference_nothing_is_said_of_the_training(tmp_path: Path):
    write_files(tmp_path)
    rows = cache_rows(find_caches([tmp_path], Wanted(names=("*.pkl",))).groups)
    assert {(row["the training's"], row["the plan's"], row["beside the checkpoint"]) for row in rows} == {
        ("not known", "not known", "")
    }


def test_a_mention_of_a_cache_at_hand_comes_first_with_where_it_stands():
    common = {"file": "a.out", "kind": "path", "times": 2, "text": ""}
    report = MentionReport(
        files=1,
        mentions=(
            Mention(**common, value="x", first="line 1", last="line 1"),
            Mention(**common, value="y", first="line 2", last="line 5", known_as="cache.pkl"),
        ),
    )
    assert [(row["value"], row["is"], row["where"]) for row in mention_rows(report)] == [
        ("y", "cache.pkl", "line 2 ... line 5"),
        ("x", "", "line 1"),
    ]


def test_what_a_walk_left_out_is_told_by_reason():
    walk = WalkReport(roots=("/a",), folders=1, files=1, candidates=(), links_left_out=("/a/x", "/a/y"))
    assert left_out(walk) == (("links that lead out of the folder or nowhere", ("/a/x", "/a/y")),)
