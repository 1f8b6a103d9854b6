"""Every hostile or broken file is refused with its code, in bounded time and memory, and nothing in it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aqboard.readers.caches.scan_cache import read_scan_cache
from aqboard.readers.errors import ReadError
from aqboard.readers.guarded import group_caches
from tests.readers.cache_files import small_cache, team_dict, write_pickle
from tests.readers.hostile import archives, files, pickles

CASES = (*pickles.CASES, *archives.CASES, *files.CASES)
SECONDS, MEGABYTES = 5.0, 300.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """All files read once by both readers, in a child; where it ran, and what it told, by (file, reader)."""
    folder, workplace = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("workplace")
    for case in CASES:
        case.write(folder)
    done = subprocess.run(
        [sys.executable, "-m", "tests.readers.measured_child", str(folder)],
        cwd=workplace,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OPENBLAS_NUM_THREADS": "1",
            "AQBOARD_CACHE_DIR": str(workplace / "d"),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return workplace, {(line["file"], line["reader"]): line for line in lines}


@pytest.mark.parametrize("reader", ["cache", "checkpoint"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_with_its_code_within_bounds(reading, case, reader):
    told = reading[1][case.name, reader]
    assert told["code"] == getattr(case, reader)
    assert told["seconds"] < SECONDS
    assert told["peak_mb"] < MEGABYTES
    assert told["message"].isprintable()
    assert 20 < len(told["message"]) < 600
    assert case.name in told["message"]


def test_no_payload_ran(reading):
    assert not (reading[0] / pickles.MARKER).exists()


def test_the_corpus_is_large_and_every_name_is_its_own():
    assert len({case.name for case in CASES}) == len(CASES) >= 200


def test_the_payloads_are_real(tmp_path):
    """The same bytes given to pickle do leave the marker: the test above could fail."""
    for name in ("reduce protocol 0", "call os.system", "name from memo"):
        case = next(case for case in CASES if case.name == name)
        content = case.content.replace(b"\x8c\x01x", b"\x8c\x14" + pickles.TOUCH.encode())
        program = f"import pickle; pickle.loads({content!r})"
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, timeout=60)
        marker = tmp_path / pickles.MARKER
        assert marker.exists(), name
        marker.unlink()


def test_truncation_at_every_byte_is_an_error_of_ours(tmp_path):
    whole = write_pickle(tmp_path / "whole.pkl", team_dict(small_cache())).read_bytes()
    cut = tmp_path / "cut.pkl"
    for length in range(1, len(whole), max(1, len(whole) // 400)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ReadError):
            read_scan_cache(cut)


def test_one_bad_candidate_does_not_spoil_the_others(tmp_path):
    good = write_pickle(tmp_path / "good.pkl", team_dict(small_cache()))
    bad = next(case for case in CASES if case.name == "hash bomb of shared tuples").write(tmp_path)
    groups = group_caches([good, bad, good])
    assert len(groups.facts) == 2
    assert [entry.code for entry in groups.unreadable] == ["bad-key"]
