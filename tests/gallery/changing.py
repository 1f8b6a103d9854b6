"""How one thing of a working launch is changed: files beside the originals, and the plan sections that name them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import yaml
from aqboard_reference.topoflow.cache_file import write_scan_cache

from aqboard.readers.caches.scan_cache import ScanCache, build_scan_cache, read_scan_cache
from tests.tiny_launch import TinyLaunch

Sections = dict[str, Any]
State = dict[str, torch.Tensor]
INNER = "model.climax."


def weights(launch: TinyLaunch, name: str, edit: Callable[[State], State]) -> Sections:
    """A checkpoint whose tensors went through `edit`; everything else is as the training saved it."""
    document = torch.load(launch.folder / "baseline.ckpt", map_location="cpu", weights_only=True)
    document["state_dict"] = edit(document["state_dict"])
    torch.save(document, launch.folder / f"{name}.ckpt")
    return {"checkpoint": {"path": f"{name}.ckpt"}}


def saved(launch: TinyLaunch, name: str, edit: Callable[[dict[str, Any]], object]) -> Sections:
    """A checkpoint whose other content `edit` changed in place."""
    document = torch.load(launch.folder / "baseline.ckpt", map_location="cpu", weights_only=True)
    edit(document)
    torch.save(document, launch.folder / f"{name}.ckpt")
    return {"checkpoint": {"path": f"{name}.ckpt"}}


def content(launch: TinyLaunch, name: str, edit: Callable[[bytes], bytes]) -> Sections:
    """A checkpoint file whose bytes went through `edit`."""
    (launch.folder / f"{name}.ckpt").write_bytes(edit((launch.folder / "baseline.ckpt").read_bytes()))
    return {"checkpoint": {"path": f"{name}.ckpt"}}


def config(launch: TinyLaunch, name: str, part: str, **changes: Any) -> Sections:
    """A training configuration with some settings of one part (`model`, `data`, or all of it) changed."""
    document = yaml.safe_load((launch.folder / "finetune.yaml").read_text())
    (document[part] if part else document).update(changes)
    (launch.folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    command = ["python", "train.py", "--config", f"{name}.yaml"]
    return {"target": {"config": f"{name}.yaml"}, "cluster": {"command": command}}


def cache(launch: TinyLaunch, name: str, edit: Callable[[ScanCache], ScanCache]) -> Sections:
    """A cache whose content went through `edit`."""
    write_scan_cache(edit(read_scan_cache(launch.folder / "cache.pkl")), launch.folder / f"{name}.pkl")
    return {"scan": {"cache": f"{name}.pkl"}}


def other_grid(_: ScanCache) -> ScanCache:
    """A cache of a grid twice as high."""
    return build_scan_cache(16, 16, num_sectors=16, regions_h=4, regions_w=4)


def a_patch_twice(cache: ScanCache) -> ScanCache:
    """The first region's order towards the east names one patch twice and another never."""
    regional = cache.regional_orders.copy()
    regional[0, 0, 0] = regional[0, 0, 1]
    return dataclasses.replace(cache, regional_orders=regional)


def renamed(old: str, new: str) -> Callable[[State], State]:
    """Every key with its beginning replaced."""
    return lambda state: {new + key.removeprefix(old): tensor for key, tensor in state.items()}


def without(part: str) -> Callable[[State], State]:
    """Without the tensors whose key has `part`."""
    return lambda state: {key: tensor for key, tensor in state.items() if part not in key}


def with_tensor(key: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[State], State]:
    """With one tensor changed."""
    return lambda state: {**state, key: change(state[key].clone())}


def flip_a_bit_of(launch: TinyLaunch, key: str) -> Callable[[bytes], bytes]:
    """Flip the lowest bit of a tensor's first number, where it lies in the file."""
    state = torch.load(launch.folder / "baseline.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    raw = np.ascontiguousarray(state[key].numpy()).tobytes()

    def flip(data: bytes) -> bytes:
        at = data.index(raw)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return flip


LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 210013\n"
)
