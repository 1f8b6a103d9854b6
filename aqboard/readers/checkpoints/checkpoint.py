"""Checkpoints, read without torch: keys, shapes and metadata at once, tensor data only when asked for.

Protects against checkpoints that run code or lie about their tensors, as every reader here does.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from aqboard.domain.checkpoint import CheckpointSummary, TensorSpec
from aqboard.readers.checkpoints.checkpoint_facts import summarise
from aqboard.readers.checkpoints.tensors import TensorView
from aqboard.readers.errors import ReadError, shown
from aqboard.readers.pickles.plain import Plain
from aqboard.readers.pickles.reader import Document, read_document
from aqboard.readers.pickles.symbols import Instance

LIGHTNING_KEYS = (
    "epoch",
    "global_step",
    "pytorch-lightning_version",
    "state_dict",
    "loops",
    "callbacks",
    "optimizer_states",
    "lr_schedulers",
    "hparams_name",
    "hyper_parameters",
    "datamodule_hparams_name",
    "datamodule_hyper_parameters",
)
_MAX_TENSORS = 200_000
_STATE_KEYS = ("state_dict", "model_state_dict", "model", "model_state", "net", "weights")


class CheckpointFile:
    """An open checkpoint. Use it as a context manager, or `close` it.

    `tensors`: specs by key, in the file's order. `content`: the top level as read, symbols included.
    """

    def __init__(self, path: Path, document: Document, views: dict[str, TensorView]) -> None:
        self.path = path
        self.document = document
        self.views = views
        self.tensors = {key: TensorSpec(shape=view.shape, dtype=view.dtype) for key, view in views.items()}
        self.content: Mapping[Any, Any] = document.value

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all tensors, in the file's order."""
        return tuple(self.views)

    def tensor(self, key: str) -> NDArray[Any]:
        """Values of one tensor, shape as saved; bfloat16 comes as float32, which holds it exactly."""
        return self._view(key).values(self.document.source)

    def bits(self, key: str) -> NDArray[Any]:
        """Values of one tensor as stored; bfloat16 and float8 as unsigned integers of the same width."""
        return self._view(key).bits(self.document.source)

    def raw(self, key: str) -> bytes:
        """Bytes of one tensor, little-endian, row-major: what two equal tensors have in common, bit by bit."""
        view = self._view(key)
        if view.contiguous:
            return bytes(view.raw(self.document.source))
        return np.ascontiguousarray(self.bits(key)).tobytes()

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Key and values of each tensor, one at a time in memory."""
        for key in self.views:
            yield key, self.tensor(key)

    @property
    def hyper_parameters(self) -> dict[str, JsonValue]:
        """Lightning's saved hyper-parameters as plain data; empty where there are none."""
        return self._plain("hyper_parameters")

    @property
    def extra(self) -> dict[str, JsonValue]:
        """Top-level entries Lightning does not write, such as `aqboard_provenance`, as plain data."""
        if self.is_bare:
            return {}
        plain = Plain(self.document.source)
        known = {*LIGHTNING_KEYS, *_STATE_KEYS}
        return plain.dictionary({key: value for key, value in self.content.items() if key not in known})

    @property
    def is_bare(self) -> bool:
        """True when the file is nothing but a state_dict."""
        return _state_key(self.content) is None

    def summary(self) -> CheckpointSummary:
        """All facts that need no tensor data, as plain data."""
        return summarise(self.path, self.document, self.views, self.extra)

    def close(self) -> None:
        """Release the file."""
        self.document.source.close()

    def __enter__(self) -> "CheckpointFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _plain(self, name: str) -> dict[str, JsonValue]:
        return {} if self.is_bare else Plain(self.document.source).dictionary(self.content.get(name))

    def _view(self, key: str) -> TensorView:
        if key not in self.views:
            raise ReadError(f"{self.path.name} has no tensor {shown(key)}.", code="no-tensors")
        return self.views[key]


def read_checkpoint(path: str | Path) -> CheckpointFile:
    """Open a checkpoint (torch zip or legacy, pickle, safetensors) without reading tensor data.

    Raises ReadError; `no-tensors` when the file was read and holds no state_dict.
    """
    document = read_document(path, "inspect")
    try:
        views = _state_dict(document.value)
    except ReadError as error:
        document.source.close()
        raise error.about(path) from None
    return CheckpointFile(Path(path), document, views)


def _state_dict(value: Any) -> dict[str, TensorView]:
    """The tensors of a checkpoint: under one of the usual names, or the top level itself."""
    if isinstance(value, Instance):
        raise ReadError(
            f"It holds a whole pickled {value.cls}, which only its own code can load; save its state_dict instead.",
            code="no-tensors",
        )
    if not isinstance(value, dict):
        raise ReadError(f"It holds {shown(value)}, not a checkpoint.", code="no-tensors")
    name = _state_key(value)
    inner = value if name is None else value[name]
    views = {key: item for key, item in inner.items() if isinstance(key, str) and isinstance(item, TensorView)}
    if len(views) > _MAX_TENSORS:
        raise ReadError(f"It holds {len(views)} tensors; no model has so many.", code="too-big")
    if not views:
        held = ", ".join(shown(str(key), 40) for key in list(value)[:8]) or "nothing"
        raise ReadError(f"It holds no tensors to load; its entries are {held}.", code="no-tensors")
    return views


def _state_key(content: Mapping[Any, Any]) -> str | None:
    """The entry that holds the tensors, None when the top level does."""
    return next((name for name in _STATE_KEYS if isinstance(content.get(name), dict)), None)
