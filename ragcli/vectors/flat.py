"""Exact search in numpy: short, obvious, the oracle that other vector indexes are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ragcli.protocols import Ids, Ranked, Vectors


def create(rest: str = "", *, dim: int, **_: object) -> Flat:
    """An empty index."""
    return Flat(dim)


class Flat:
    """ids (n,) int64 beside vectors (n, dim) float32."""

    def __init__(self, dim: int) -> None:
        self._ids = np.empty(0, np.int64)
        self._vectors = np.empty((0, dim), np.float32)

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> Ids:
        """A copy, in the order added."""
        return self._ids.copy()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Appends rows."""
        self._ids = np.concatenate([self._ids, np.asarray(ids, np.int64)])
        self._vectors = np.concatenate([self._vectors, np.asarray(vectors, np.float32)])

    def remove(self, ids: Ids) -> int:
        """Drops rows, returns how many were there."""
        gone = np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[~gone], self._vectors[~gone]
        return int(gone.sum())

    def search(self, query: Vectors, k: int, only: Ids | None = None) -> Ranked:
        """Inner product with every row (of `only`), best first, ties by id."""
        rows = np.arange(len(self._ids)) if only is None else np.flatnonzero(np.isin(self._ids, only))
        scores = (self._vectors[rows] * query).sum(axis=1)  # unlike @, the same for equal rows
        order = np.lexsort((self._ids[rows], -scores))[:k]
        return [(int(self._ids[rows[i]]), float(scores[i])) for i in order]
