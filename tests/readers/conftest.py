"""Shared by the artefact tests: digests are remembered in the test's own folder."""

import pytest


@pytest.fixture(autouse=True)
def own_digest_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("AQBOARD_CACHE_DIR", str(tmp_path / "cache-dir"))
