"""What becomes of a reader that hangs, eats memory or dies: one sentence and a code."""

import time
from pathlib import Path

import pytest

from aqboard.domain.cache import CacheDigests, CacheFacts
from aqboard.readers import guarded, sandbox
from aqboard.readers.errors import ReadError
from tests.readers.cache_files import small_cache, team_dict, write_pickle

ROOT = str(Path(__file__).parents[2])


@pytest.fixture
def call(monkeypatch):
    """Run one of the misbehaving readers behind the wall."""
    monkeypatch.setenv("PYTHONPATH", ROOT)
    monkeypatch.setattr(sandbox, "READERS", ("aqboard.readers.", "tests.readers."))
    start = "from aqboard.readers import sandbox; sandbox.READERS += ('tests.readers.',); sandbox._child()"
    monkeypatch.setattr(sandbox, "_START", start)

    def run(name, **limits):
        return sandbox.run_sandboxed(f"tests.readers.misbehaving:{name}", CacheDigests, ["some/file.pkl"], **limits)

    return run


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("hang", "timeout", "longer than 2 s"),
        ("eat", "out-of-memory", "more than 512 MB"),
        ("crash", "reader-died", "signal 6"),
        ("leave", "reader-died", "exit code 7"),
        ("chatter", "no-answer", "no usable answer"),
        ("missing", "reader-died", "AttributeError"),
    ],
)
def test_a_reader_that_fails_is_told_in_a_sentence(call, name, code, words):
    with pytest.raises(ReadError) as caught:
        call(name, seconds=2.0 if code == "timeout" else 60.0, memory_bytes=512 << 20)
    assert caught.value.code == code
    assert "some/file.pkl" in caught.value.message
    assert words in caught.value.message


def test_a_spinning_reader_is_stopped_on_the_clock(call):
    began = time.monotonic()
    with pytest.raises(ReadError) as caught:
        call("spin", seconds=2.0)
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 30


def test_the_child_has_one_thread_per_library_and_nothing_heavy(call):
    assert call("answer").content == "1"
    assert call("modules").content == ""


def test_only_readers_of_artefacts_can_be_asked_for():
    with pytest.raises(ReadError, match="no reader of aqboard"):
        sandbox.run_sandboxed("os:system", CacheDigests, ["true"])


def test_a_refusal_passes_through_with_its_code(tmp_path):
    with pytest.raises(ReadError) as caught:
        guarded.inspect_cache(tmp_path / "missing.pkl")
    assert caught.value.code == "not-found"


def test_the_answer_is_the_one_given_without_the_wall(tmp_path):
    from aqboard.readers.caches.cache_facts import inspect_cache

    path = write_pickle(tmp_path / "cache.pkl", team_dict(small_cache()))
    assert guarded.inspect_cache(path) == inspect_cache(path)
    assert isinstance(guarded.inspect_cache(path), CacheFacts)


def test_a_module_beside_the_users_files_is_not_imported(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('hijacked')")
    write_pickle(tmp_path / "cache.pkl", team_dict(small_cache()))
    monkeypatch.chdir(tmp_path)
    assert guarded.inspect_cache("cache.pkl").valid
