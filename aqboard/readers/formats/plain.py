"""From symbols to plain JSON data.

Protects whoever prints a file's metadata: lists and strings that are referred to a thousand times over, megabytes of
text and control characters end here. What is left out is said ("... 900 more").
"""

import math
from typing import Any

import numpy as np
from pydantic import JsonValue

from aqboard.domain.words import printable
from aqboard.readers.errors import ReadError
from aqboard.readers.formats.symbols import Global, Instance, NumpyArray
from aqboard.readers.formats.tensors import TensorView
from aqboard.readers.source import FileSource

_MAX_NODES = 50_000
_MAX_DEPTH = 24
_MAX_TEXT = 4_000
_MAX_CHARACTERS = 2 << 20
_MAX_ELEMENTS = 64
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "Path")


class Plain:
    """Converts values of one file; its budget is shared by all of them."""

    def __init__(self, source: FileSource | None) -> None:
        self._source = source
        self._left = _MAX_NODES
        self._characters = _MAX_CHARACTERS

    def convert(self, value: Any, depth: int = 0) -> JsonValue:
        """JSON data for a value read from a file: numbers, text, lists and dicts with text keys."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return "..."
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return value if abs(value) < 1 << 63 else hex(value)[:_MAX_TEXT]
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return self._dict(value.items(), depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self._list(value, depth)
        if isinstance(value, TensorView | NumpyArray):
            return self._numbers(value)
        if isinstance(value, Instance):
            return self._instance(value, depth)
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        return clean(str(value)) if isinstance(value, Global | complex) else f"<{type(value).__name__}>"

    def dictionary(self, value: Any) -> dict[str, JsonValue]:
        """Like `convert`, for what should be a dict; anything else gives an empty one."""
        plain = self.convert(value)
        return plain if isinstance(plain, dict) else {}

    def _text(self, text: str) -> str:
        """Text within what is left of the budget: one long string may be referred to a thousand times."""
        shown = clean(text)
        self._characters -= len(shown)
        return shown if self._characters >= 0 else "..."

    def _dict(self, pairs: Any, depth: int) -> JsonValue:
        result: dict[str, JsonValue] = {}
        for key, value in pairs:
            if self._left < 0:
                result["..."] = "more was left out"
                break
            name = key if isinstance(key, str) else str(self.convert(key, depth + 1))
            result[self._text(name)] = self.convert(value, depth + 1)
        return result

    def _list(self, values: Any, depth: int) -> JsonValue:
        result: list[JsonValue] = []
        for position, value in enumerate(values):
            if self._left < 0:
                result.append(f"... {len(values) - position} more")
                break
            result.append(self.convert(value, depth + 1))
        return result

    def _numbers(self, value: TensorView | NumpyArray) -> JsonValue:
        if isinstance(value, NumpyArray):
            array = value.array()
        elif value.numel <= _MAX_ELEMENTS:
            try:
                array = value.values(self._source)
            except ReadError:
                return f"<tensor {value.dtype} {list(value.shape)}, data missing>"
        else:
            return f"<tensor {value.dtype} {list(value.shape)}>"
        if array.size > _MAX_ELEMENTS:
            return f"<array {array.dtype} {list(array.shape)}>"
        return self.convert(array.tolist() if array.dtype.kind in "iufb?SU" else str(np.asarray(array)))

    def _instance(self, value: Instance, depth: int) -> JsonValue:
        name = value.cls.name
        if name in _PATHS and all(isinstance(part, str) for part in value.args):
            return clean("/".join(value.args).replace("//", "/", 1))
        if name == "datetime" and value.args and isinstance(value.args[0], bytes) and len(value.args[0]) == 10:
            b = value.args[0]
            return f"{b[0] * 256 + b[1]:04}-{b[2] & 0x7F:02}-{b[3]:02}T{b[4]:02}:{b[5]:02}:{b[6]:02}"
        if str(value.cls) == "torch.device":
            return ":".join(str(self.convert(part)) for part in value.args)
        content: dict[str, JsonValue] = {}
        if name not in ("AttributeDict", "Namespace", "SimpleNamespace"):
            content["class"] = str(value.cls)
            if value.args:
                content["args"] = self.convert(value.args, depth + 1)
        inner = self._dict(value.attributes.items(), depth)
        added = [item for items in value.items if isinstance(items, list) for item in items]
        pairs = self._dict(zip(added[::2], added[1::2], strict=False), depth)
        for part in (inner, pairs):
            content.update(part if isinstance(part, dict) else {})
        return content


def clean(text: str) -> str:
    """Text that may be printed, cut to a page."""
    shown = printable(text[:_MAX_TEXT])
    return shown if len(text) <= _MAX_TEXT else f"{shown}... {len(text) - _MAX_TEXT} more"
