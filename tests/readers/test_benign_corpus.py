"""One cache in every way people have saved one: each is read, all have one digest, none raises an alarm."""

import argparse
import collections
import datetime
import pathlib
import pickle
import sys
import types

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from aqboard.readers.caches.cache_facts import inspect_cache
from aqboard.readers.caches.compare import compare_caches
from aqboard.readers.caches.scan_cache import cache_digests
from aqboard.readers.checkpoints.checkpoint import read_checkpoint
from tests.readers.cache_files import KEYS, small_cache, team_dict, write_pickle

CACHE = small_cache()
DIGESTS = cache_digests(CACHE)


def array(order):
    return np.array(order)


def plain_list(order):
    return [int(index) for index in order]


def write_instance(module, protocol, name="CachedWindScanning"):
    """The team's dict as an instance of a class that lived in some module, which is gone when it is read."""

    def write(path):
        parts = module.split(".")
        made = {".".join(parts[: count + 1]): types.ModuleType(module) for count in range(len(parts))}
        cls = type(name, (), {"__module__": module})
        setattr(made[module], name, cls)
        scanner = cls()
        scanner.__dict__.update(team_dict(CACHE))
        with pytest.MonkeyPatch.context() as patch:
            for path_in_package, stub in made.items():
                patch.setitem(sys.modules, path_in_package, stub)
            write_pickle(path, scanner, protocol)

    return write


def pickled(content, protocol=4):
    return lambda path: write_pickle(path, content, protocol)


def with_fields(**changes):
    return {**team_dict(CACHE), **changes}


def shuffled_inside():
    content = team_dict(CACHE)
    content["cached_orders"] = dict(reversed(content["cached_orders"].items()))
    regions = content["regional_cached_orders"]
    content["regional_cached_orders"] = {r: dict(reversed(regions[r].items())) for r in reversed(regions)}
    return content


def flat_arrays(separator="."):
    content = {key: np.array(value) for key, value in team_dict(CACHE, array).items() if key not in KEYS[6:]}
    content |= {f"cached_orders{separator}{s}": row for s, row in enumerate(CACHE.global_orders)}
    for region, table in enumerate(CACHE.regional_orders):
        content |= {f"regional_cached_orders{separator}{region}{separator}{s}": row for s, row in enumerate(table)}
    return content


def stacked(make=array):
    content = team_dict(CACHE, array)
    return {
        **content,
        "cached_orders": make(CACHE.global_orders),
        "regional_cached_orders": make(CACHE.regional_orders),
    }


def save_safetensors(path):
    save_file({key: np.ascontiguousarray(np.atleast_1d(value)) for key, value in flat_arrays().items()}, path)


VARIANTS = {
    **{f"pickle protocol {p}": pickled(team_dict(CACHE), p) for p in range(6)},
    "keys in another order": pickled(team_dict(CACHE, keys=KEYS[::-1])),
    "regions and sectors in another order": pickled(shuffled_inside()),
    "numpy arrays": pickled(team_dict(CACHE, array)),
    "numpy arrays, protocol 2": pickled(team_dict(CACHE, array), 2),
    "numpy arrays, protocol 5": pickled(team_dict(CACHE, array), 5),
    "lists": pickled(team_dict(CACHE, plain_list)),
    "lists, protocol 0": pickled(team_dict(CACHE, plain_list), 0),
    "int32 tensors": pickled(team_dict(CACHE, lambda order: torch.tensor(order, dtype=torch.int32))),
    "int16 arrays": pickled(team_dict(CACHE, lambda order: np.array(order, "i2"))),
    "views into one tensor": pickled(team_dict(CACHE, torch.from_numpy(CACHE.global_orders.copy()).new_tensor)),
    "ordered dict": pickled(collections.OrderedDict(team_dict(CACHE))),
    "default dict": pickled(collections.defaultdict(int, team_dict(CACHE))),
    "numpy scalars as sizes": pickled(with_fields(grid_h=np.int64(8), grid_w=np.int32(16))),
    "angles as an array": pickled(with_fields(sector_angles=CACHE.sector_angles)),
    "angles as a tensor": pickled(with_fields(sector_angles=torch.tensor(CACHE.sector_angles))),
    "sectors as a list": pickled(with_fields(cached_orders=list(team_dict(CACHE)["cached_orders"].values()))),
    "sectors named by text": pickled(
        with_fields(cached_orders={str(s): order for s, order in team_dict(CACHE)["cached_orders"].items()})
    ),
    "stacked tensors": pickled(stacked(torch.tensor)),
    "one more field": pickled(with_fields(created="2025-10-01")),
    "instance, package module": write_instance("src.wind_scanning_cached", 4),
    "instance, other module": write_instance("climax.wind_scanning_cached", 2),
    "instance, notebook": write_instance("__main__", 4, "WindScanner"),
    "instance, protocol 0": write_instance("wind_scanner", 0, "CachedWindScanner"),
    "torch zip": lambda path: torch.save(team_dict(CACHE), path),
    "torch legacy": lambda path: torch.save(team_dict(CACHE), path, _use_new_zipfile_serialization=False),
    "torch zip, stacked": lambda path: torch.save(stacked(torch.tensor), path),
    "npz": lambda path: np.savez(path.open("wb"), **stacked()),
    "npz, compressed": lambda path: np.savez_compressed(path.open("wb"), **stacked()),
    "npz, flat names": lambda path: np.savez(path.open("wb"), **flat_arrays()),
    "npz, slashes": lambda path: np.savez(path.open("wb"), **flat_arrays("_")),
    "safetensors": save_safetensors,
}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The team's own way of writing the cache."""
    return write_pickle(tmp_path_factory.mktemp("story") / "wind_scanner_cache.pkl", team_dict(CACHE))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_has_the_one_digest(tmp_path, story, name):
    path = tmp_path / "variant.bin"
    VARIANTS[name](path)
    facts = inspect_cache(path)
    assert facts.digests == DIGESTS
    assert facts.equals_generator
    assert facts.valid
    found = compare_caches(story, path)
    assert found.verdict in ("identical", "same-content")
    assert found.same_content
    assert bool(found.byte_reasons) == (found.verdict == "same-content")


def test_there_are_many_variants():
    assert len(VARIANTS) >= 30


def test_saving_twice_differs_in_bytes_and_the_reason_is_told(tmp_path):
    paths = [write_pickle(tmp_path / f"{run}.pkl", team_dict(CACHE)) for run in range(2)]
    found = compare_caches(*paths)
    assert found.a.file.md5 != found.b.file.md5
    assert found.byte_reasons == ("only internal keys of the pickle (torch writes memory addresses into every tensor)",)


def test_a_checkpoint_of_honest_objects_raises_no_alarm(tmp_path):
    hyper = {
        "args": argparse.Namespace(lr=0.1, folder=pathlib.Path("/data/x")),
        "when": datetime.datetime(2024, 9, 14, 8, 30),
        "device": torch.device("cuda", 1),
        "dtype": torch.float32,
        "size": torch.Size([2, 3]),
        "array": np.arange(3),
        "scalar": np.float32(0.5),
        "many": {1, 2},
        "complex": 1 + 2j,
        "frozen": frozenset("a"),
        "counts": collections.defaultdict(int, a=1),
    }
    path = tmp_path / "x.ckpt"
    torch.save({"state_dict": torch.nn.Linear(2, 2).state_dict(), "hyper_parameters": hyper}, path)
    with read_checkpoint(path) as checkpoint:
        summary = checkpoint.summary()
    assert summary.warnings == ()
    found = summary.hyper_parameters
    assert found["args"] == {"lr": 0.1, "folder": "/data/x"}
    assert found["when"] == "2024-09-14T08:30:00"
    assert (found["device"], found["dtype"], found["size"]) == ("cuda:1", "torch.float32", [2, 3])
    assert (found["array"], found["scalar"], found["many"], found["counts"]) == ([0, 1, 2], 0.5, [1, 2], {"a": 1})


def test_metadata_that_refers_to_itself_is_printed_once_and_cut(tmp_path):
    node = types.SimpleNamespace(name="root")
    node.parent = node
    level = ["leaf"] * 10
    for _ in range(20):
        level = [level] * 10
    path = tmp_path / "x.ckpt"
    page = "x" * 4_000
    hyper = {"node": node, "laughs": level, "pages": [page] * 100_000}
    state = {"state": {n: {"step": torch.ones(1)} for n in range(100)}, "param_groups": [{"lr": 0.1}] * 100_000}
    content = {"state_dict": {"w": torch.ones(1)}, "hyper_parameters": hyper, "optimizer_states": [state] * 100_000}
    torch.save(content, path)
    with read_checkpoint(path) as checkpoint:
        text = checkpoint.summary().model_dump_json()
    assert len(text) < 8_000_000
    assert pickle.dumps(text)
