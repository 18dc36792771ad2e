"""A part of the vectors as a FAISS index file, IDMap2 over an fp16 scalar quantiser, that any FAISS program opens.

FAISS writes it; it is read in place, without FAISS, whose import costs more than a search. The form, as FAISS has it in
index_write.cpp, little-endian: the head below, codes (rows, dim) float16, the number of ids as uint64, ids (rows,)
int64. FAISS reads no further; at the next multiple of 8 begin the signs (dim / 64 rounded up, rows) uint64: ours.
"""

from __future__ import annotations

import struct
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragcli.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from mmap import mmap

    from ragcli.protocols import Arrays

WORD: Final = 64
"""Bits of a word of signs."""
ALIGNED: Final = 8
LOOPS: Final = 10_000_000
"""More than any index we write needs; without a limit a damaged file can hang FAISS."""
_INDEX: Final = "4siq16xBi"
"""Kind, dim, rows, two numbers that nothing reads, whether it is trained, metric: of the map, then of the quantiser."""
_HEAD: Final = struct.Struct(f"<{_INDEX}{_INDEX}i8xQQQQ")
"""Then the quantiser's type, range (unused), dim, bytes a code, bytes of training, bytes of codes."""
_COUNT: Final = struct.Struct("<Q")
_INNER_PRODUCT: Final = 0
_FP16: Final = 4


def pieces(part: Arrays) -> Sequence[memoryview | bytes]:
    """The file's bytes, of ids, halves and signs; MissingError without FAISS."""
    faiss = _library()
    rows, dim = part["halves"].shape
    inner = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIDMap2(inner)
    faiss.copy_array_to_vector(np.ascontiguousarray(part["halves"]).view(np.uint8).reshape(-1), inner.codes)
    faiss.copy_array_to_vector(np.ascontiguousarray(part["ids"]), index.id_map)
    inner.ntotal = index.ntotal = rows
    written = faiss.serialize_index(index)
    signs = np.ascontiguousarray(part["signs"]).reshape(-1).view(np.uint8)
    return written.data, bytes(-len(written) % ALIGNED), signs.data


def arrays(mapped: mmap | bytes) -> Arrays:
    """ids, halves and signs, in place; ValueError for what `pieces` does not write."""
    if len(mapped) < _HEAD.size:
        raise ValueError("too short for a FAISS index")
    told = _HEAD.unpack_from(mapped)
    dim, rows = told[1], told[2]
    if dim < 1 or rows < 0 or told != _head(dim, rows):
        raise ValueError("its head is not that of a FAISS index of float16 and inner product")
    count_at = _HEAD.size + 2 * dim * rows
    ids_at = count_at + _COUNT.size
    signs_at = ids_at + 8 * rows
    signs_at += -signs_at % ALIGNED
    words = -(-dim // WORD)
    if len(mapped) != signs_at + 8 * words * rows or _COUNT.unpack_from(mapped, count_at) != (rows,):
        raise ValueError("its lengths do not agree")
    return {
        "ids": np.frombuffer(mapped, "<i8", rows, ids_at),
        "halves": np.frombuffer(mapped, "<f2", rows * dim, _HEAD.size).reshape(rows, dim),
        "signs": np.frombuffer(mapped, "<u8", words * rows, signs_at).reshape(words, rows),
    }


def _head(dim: int, rows: int) -> tuple[Any, ...]:
    outer, inner = ((kind, dim, rows, True, _INNER_PRODUCT) for kind in (b"IxM2", b"IxSQ"))
    return (*outer, *inner, _FP16, dim, 2 * dim, 0, 2 * dim * rows)


def verify(mapped: mmap | bytes, part: Arrays) -> None:
    """ValueError where FAISS itself does not open the file, or finds other ids; MissingError without FAISS."""
    faiss = _library()
    faiss.set_deserialization_vector_byte_limit(4 * len(mapped) + (1 << 20))
    faiss.set_deserialization_loop_limit(LOOPS)
    try:
        index = faiss.deserialize_index(np.frombuffer(mapped, np.uint8))
    except (RuntimeError, MemoryError) as error:
        raise ValueError(f"FAISS does not open it: {' '.join(str(error).split())[:200]}") from error
    mine = isinstance(index, faiss.IndexIDMap2) and index.ntotal == len(part["ids"])
    if not mine or not np.array_equal(faiss.vector_to_array(index.id_map), part["ids"]):
        raise ValueError("FAISS finds other ids in it")


def _library() -> ModuleType:
    try:
        import faiss  # noqa: PLC0415 - 0.15 s, to write a part and to verify one; a search reads without it
    except ModuleNotFoundError as error:
        raise MissingError("vectors are written with the package 'faiss'", "pip install faiss-cpu") from error
    library: ModuleType = faiss
    return library
