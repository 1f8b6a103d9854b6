"""Proof that what is in memory is what is in the file, bit by bit.

Floats are never compared as floats: NaN differs from itself and -0 equals 0, and both must count as what they are.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aqboard.readers.checkpoints.checkpoint import CheckpointFile
from aqboard.readers.errors import ReadError
from aqboard.readers.source import FileSource

_PIECE = 1 << 20  # stays in the cache of a core between reading and comparing; smaller ones cost more calls


def differing_tensors(checkpoint: CheckpointFile, arrays: Mapping[str, NDArray[np.generic]]) -> tuple[str, ...]:
    """Keys whose bytes in the file differ from those of the given arrays (row-major, the file's dtype width).

    A bfloat16 tensor is given as its 16-bit integers. Another shape or width differs too. Raises ReadError
    (`no-tensors`) for a key the checkpoint does not have.
    """
    piece = bytearray(_PIECE)
    return tuple(key for key, array in arrays.items() if not _equal(checkpoint, key, array, piece))


def _equal(checkpoint: CheckpointFile, key: str, array: NDArray[np.generic], piece: bytearray) -> bool:
    view = checkpoint.views.get(key)
    if view is None:
        raise ReadError(f"{checkpoint.path.name} has no tensor {key!r}.", code="no-tensors")
    if view.shape != array.shape or view.itemsize != array.dtype.itemsize:
        return False
    memory = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    if not view.contiguous or view.storage.offset < 0:
        return bytearray(checkpoint.raw(key)) == memory
    begin = view.storage.offset + view.start * view.itemsize
    return _equal_pieces(checkpoint.document.source, begin, memory, piece)


def _equal_pieces(source: FileSource, begin: int, memory: memoryview, piece: bytearray) -> bool:
    whole = memoryview(piece)
    for offset in range(0, len(memory), _PIECE):
        count = min(_PIECE, len(memory) - offset)
        source.read_into(whole[:count], begin + offset)
        # `startswith` is memcmp on any buffer; comparing memoryviews would go item by item, slicing would copy.
        if not piece.startswith(memory[offset : offset + count]):
            return False
    return True
