"""The cache file in the team's format, and what Provenance records."""

import hashlib
import pickle
import subprocess

import numpy as np
import pytest
import torch
from aqboard_reference.topoflow.cache_file import KEYS, write_scan_cache
from aqboard_reference.topoflow.errors import ConfigError, TopoFlowError
from aqboard_reference.topoflow.lightning_module import TopoFlowModule
from aqboard_reference.topoflow.provenance import Period, Provenance, git_commit, package_versions, stamp
from lightning import LightningModule, Trainer

from aqboard.readers.caches.scan_cache import build_scan_cache, cache_digests, read_scan_cache

CACHE = build_scan_cache(6, 10, num_sectors=5, regions_h=3, regions_w=5)


def test_the_file_is_the_teams_plain_pickle(tmp_path):
    write_scan_cache(CACHE, tmp_path / "cache.pkl")
    with (tmp_path / "cache.pkl").open("rb") as file:
        content = pickle.load(file)  # our own file, just written
    assert tuple(content) == KEYS
    assert content["sector_angles"] == pytest.approx([2 * np.pi * i / 5 for i in range(5)])
    assert sorted(content["cached_orders"]) == list(range(5))
    assert content["cached_orders"][2].dtype == torch.int64
    assert content["cached_orders"][2].tolist() == CACHE.global_orders[2].tolist()
    assert content["regional_cached_orders"][14][4].tolist() == CACHE.regional_orders[14, 4].tolist()


def test_the_safe_reader_gets_back_what_was_written(tmp_path):
    write_scan_cache(CACHE, tmp_path / "cache.pkl")
    again = read_scan_cache(tmp_path / "cache.pkl")
    assert cache_digests(again) == cache_digests(CACHE)
    np.testing.assert_array_equal(again.regional_orders, CACHE.regional_orders)


def test_another_key_order_is_another_file_of_the_same_content(tmp_path):
    write_scan_cache(CACHE, tmp_path / "a.pkl")
    write_scan_cache(CACHE, tmp_path / "b.pkl", key_order=KEYS[::-1])
    a, b = (hashlib.md5((tmp_path / name).read_bytes()).hexdigest() for name in ("a.pkl", "b.pkl"))
    assert a != b
    assert cache_digests(read_scan_cache(tmp_path / "b.pkl")) == cache_digests(CACHE)


def test_a_key_order_that_drops_a_key_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="must hold each of grid_h"):
        write_scan_cache(CACHE, tmp_path / "a.pkl", key_order=KEYS[1:])
    assert not (tmp_path / "a.pkl").exists()


def test_the_stamp_is_plain_data_and_tells_the_rule(small, normalisation, tmp_path):
    module = TopoFlowModule(small.model_copy(update={"scan_rule": "block-angle"}), normalisation)
    told = stamp(module, None, Period(train_years=(2018,), val_years=(2019,)), tmp_path)
    torch.save(told, tmp_path / "stamp.pt")
    assert torch.load(tmp_path / "stamp.pt", weights_only=True) == told
    assert (told["scan_rule"], told["scan_cache"]["path"], told["git_commit"]) == ("block-angle", None, None)


def test_the_commit_says_when_the_tree_was_changed(tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    (tmp_path / "model.py").write_text("a")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    clean = git_commit(tmp_path)
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "model.py").write_text("b")
    assert git_commit(tmp_path) == clean + "+changes"


def test_a_package_that_is_not_installed_is_recorded_as_none():
    assert package_versions(["torch", "no-such-distribution"]) == {
        "torch": torch.__version__,
        "no-such-distribution": None,
    }


def test_provenance_refuses_a_module_it_knows_nothing_about(tmp_path):
    callback = Provenance(cache_path=None, period=Period(train_years=(), val_years=()))
    with pytest.raises(TopoFlowError, match="not a LightningModule"):
        callback.on_save_checkpoint(
            Trainer(logger=False, enable_checkpointing=False, accelerator="cpu"), LightningModule(), {}
        )
