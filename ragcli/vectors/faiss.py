"""FAISS: exact inner product over unit vectors, under our own ids, with true removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from ragcli.protocols import Ids, Ranked, Vectors

LOOPS = 10_000_000
"""More than any index we write needs; without a limit a damaged file can hang the reader."""


def create(rest: str = "", *, dim: int, dump: bytes | None = None, **_: object) -> Faiss:
    """An empty index, or the one that `dump()` wrote; ValueError if it is damaged or of another kind."""
    if dump is None:
        return Faiss(faiss.IndexIDMap2(faiss.IndexFlatIP(dim)))
    faiss.set_deserialization_vector_byte_limit(4 * len(dump) + (1 << 20))
    faiss.set_deserialization_loop_limit(LOOPS)
    try:
        loaded = faiss.deserialize_index(np.frombuffer(dump, np.uint8))
    except (RuntimeError, MemoryError) as error:
        raise ValueError(f"not a FAISS index: {str(error)[:200]}") from error
    inner = faiss.downcast_index(loaded.index) if isinstance(loaded, faiss.IndexIDMap2) else None
    if not isinstance(inner, faiss.IndexFlat) or loaded.d != dim or loaded.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise ValueError(f"not an IDMap2(FlatIP) index of dimension {dim}")
    return Faiss(loaded)


class Faiss:
    """IndexIDMap2(IndexFlatIP)."""

    def __init__(self, index: Any) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> Ids:
        """A copy, in FAISS's order."""
        return faiss.vector_to_array(self._index.id_map).astype(np.int64)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Appends rows."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))

    def remove(self, ids: Ids) -> int:
        """Drops rows, returns how many were there."""
        return int(self._index.remove_ids(np.ascontiguousarray(ids, np.int64)))

    def search(self, query: Vectors, k: int, only: Ids | None = None) -> Ranked:
        """The k best by inner product; a selector keeps others out before the top-k."""
        count = min(k, len(self) if only is None else len(only))
        if count < 1:
            return []
        chosen = np.ascontiguousarray([] if only is None else only, np.int64)  # must outlive the search
        parameters = None if only is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(chosen))  # type: ignore[call-arg]  # set by SWIG
        scores, ids = self._index.search(np.ascontiguousarray(query[None], np.float32), count, params=parameters)
        # Short results are padded with id -1, which would be a list's last element.
        found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def dump(self) -> bytes:
        """`serialize_index`: write_index neither reports a full disk nor syncs (the caller does both)."""
        return bytes(faiss.serialize_index(self._index).tobytes())
