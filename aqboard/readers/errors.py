"""The one exception of the readers.

Codes a caller may meet, grouped by what to do about them:

wrong file    not-found, no-permission, not-a-file, empty, os-error, wrong-format, not-pickle, not-a-cache, no-tensors
damaged       truncated, trailing, malformed, bad-zip, crc, changed
lies          bad-tensor, bad-storage, bad-array, bad-order, bad-shape, bad-grid, bad-safetensors, byte-order
runs code     unsafe-global, unknown-global, unsafe-opcode, bad-global, bad-call, numpy-object, torchscript
too much      bomb, too-many-opcodes, too-deep, too-big, bad-key
second wall   reader-died, timeout, out-of-memory, no-answer
"""

from pathlib import Path

from aqboard.domain.errors import AqboardError


class ReadError(AqboardError):
    """A file was refused or cannot be read; nothing in it was executed. `code` names the reason."""

    code = "unreadable"

    def about(self, path: str | Path) -> "ReadError":
        """The same refusal with the file's name in front."""
        return ReadError(f"{Path(path).name}: {self.message}", code=self.code)


def shown(value: object, limit: int = 60) -> str:
    """Text from a file as it may be printed: quoted, control characters escaped, cut to `limit`."""
    if not isinstance(value, str | bytes | int | float | bool | None):
        return f"a {type(value).__name__}"
    if isinstance(value, int) and value.bit_length() > 128:
        return f"an integer of {value.bit_length()} bits"
    head = value[: limit + 1] if isinstance(value, str | bytes) else value
    text = repr(head)
    return text if len(text) <= limit + 2 else text[:limit] + "..."
