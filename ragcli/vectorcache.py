"""`vectors.faiss`: the store's vectors as a FAISS index, loaded where it can be believed, caught up or made anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ragcli import backends
from ragcli.cachefile import read_cache, write_cache

if TYPE_CHECKING:
    from ragcli.protocols import VectorIndex
    from ragcli.store import Store

CACHE: Final = "vectors.faiss"
ROWS: Final = 10_000
"""Vectors read from the store at a time."""


def load(folder: Path, store: Store, dim: int, notice: Callable[[str], None]) -> VectorIndex:
    """Every window's vector. A cache that is not the recorded one is said on `notice` and not used."""
    cached, problem = read_cache(folder / CACHE, store)
    if problem:
        notice(f"{problem}; made anew from the store")
    try:
        vectors: VectorIndex = backends.create("vectors", "faiss", dim=dim, dump=cached.dump if cached else None)
    except ValueError as error:
        notice(f"{CACHE} is damaged ({error}); made anew from the store")
        vectors, cached = backends.create("vectors", "faiss", dim=dim), None
    if cached is None or cached.generation != store.generation():
        _catch_up(vectors, store)
    return vectors


def made_anew(store: Store, dim: int) -> VectorIndex:
    """Every window's vector, from the store alone."""
    vectors: VectorIndex = backends.create("vectors", "faiss", dim=dim)
    _catch_up(vectors, store)
    return vectors


def is_current(folder: Path, store: Store) -> bool:
    """Whether the cache on the disk is sound and shows the store as it is."""
    cached, _ = read_cache(folder / CACHE, store)
    return cached is not None and cached.generation == store.generation()


def publish(folder: Path, store: Store, vectors: VectorIndex) -> None:
    """Writes the cache for the store as it is now. StorageError where there is no room for it."""
    write_cache(folder / CACHE, vectors.dump(), store)


def _catch_up(vectors: VectorIndex, store: Store) -> None:
    """Ids never return to life, so the difference of the two id sets is the difference in content."""
    held, wanted = set(vectors.ids().tolist()), set(store.window_ids())
    vectors.remove(np.array(sorted(held - wanted), np.int64))
    missing = sorted(wanted - held)
    for at in range(0, len(missing), ROWS):
        rows = list(store.vectors(missing[at : at + ROWS]))
        ids = np.array([id for id, _ in rows], np.int64)
        vectors.add(ids, np.frombuffer(b"".join(vector for _, vector in rows), np.float32).reshape(len(rows), -1))
