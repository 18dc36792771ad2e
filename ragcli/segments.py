"""The caches of vectors and of terms: immutable files, each for a range of ids, and what they lack from the store.

Ids never return to life, so what a file lacks are the ids above it, and what it has too much the store has listed as
gone. A write replaces the files that hold what is gone, and joins small neighbours: the rest stays as it is.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragcli import cachefile
from ragcli.cachefile import ARRAYS, Entry, Form
from ragcli.covered import MOST
from ragcli.errors import DamagedIndex
from ragcli.failpoints import failpoint
from ragcli.lexicons import postings
from ragcli.vectors import _faissfile, faiss

if TYPE_CHECKING:
    from ragcli.protocols import Arrays, Ids, Vectors
    from ragcli.store import Store

ROWS: Final = 65_536
"""Of the largest file: 54 MB of vectors, which is what the removal of one file costs."""
GROWTH: Final = 4
"""Two neighbours are joined where the first has at most so many times the rows of the second: each row is then
written anew a few times at most, and there are few small files."""


@dataclass(frozen=True, slots=True)
class Cache:
    """How a cache's arrays are made from rows of the store, (id, ...) in order, how they change and lie in a file."""

    name: str
    form: Form
    rows: Callable[[Store, int, int], Iterator[tuple[Any, ...]]]
    encode: Callable[[Sequence[tuple[Any, ...]]], Arrays]
    without: Callable[[Arrays, Ids], Arrays]
    joined: Callable[[Sequence[Arrays]], Arrays]
    check: Callable[[Arrays], None]


FAISS: Final = Form(".faiss", _faissfile.pieces, _faissfile.arrays, _faissfile.verify)


def vectors(dim: int) -> Cache:
    """The windows' vectors."""
    made = partial(_encoded, dim), faiss.without, faiss.joined, partial(faiss.check, dim=dim)
    return Cache("vectors", FAISS, _sound, *made)


TERMS: Final = Cache(
    "terms",
    ARRAYS,
    lambda store, first, last: store.covered.terms(first, last),
    postings.encode,
    postings.without,
    postings.joined,
    postings.check,
)


def _sound(store: Store, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    for id, vector, crc in store.covered.vectors(first, last):
        if zlib.crc32(vector) != crc:
            raise store.damaged_window(id)
        yield id, vector


def _encoded(dim: int, rows: Sequence[tuple[int, bytes]]) -> Arrays:
    if any(len(vector) != 4 * dim for _, vector in rows):
        raise DamagedIndex(f"the index holds vectors that have not {dim} dimensions", "ragcli doctor --deep")
    stacked = np.frombuffer(b"".join(vector for _, vector in rows), np.float32).reshape(len(rows), dim)
    return faiss.encode(np.array([id for id, _ in rows], np.int64), stacked)


def exact(store: Store, dim: int, ids: Ids) -> tuple[Ids, Vectors]:
    """The ids that the store has, in order, and their vectors (n, dim). DamagedIndex where a checksum disagrees."""
    rows = list(store.vectors(ids.tolist()))
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), np.float32)
    return np.array([id for id, _ in rows], np.int64), vectors.reshape(len(rows), dim)


@dataclass(frozen=True, slots=True)
class Segment:
    """Arrays of the ids `first` to `last`; `entry` is their file, None where none has just these."""

    first: int
    last: int
    arrays: Arrays
    entry: Entry | None = None

    def __len__(self) -> int:
        return len(self.arrays["ids"])


def entries(store: Store, cache: Cache) -> list[Entry]:
    """The recorded files, by id. ValueError or TypeError for a record that makes no sense."""
    stored = store.covered.record(cache.name)
    found = [Entry(*fields) for fields in json.loads(stored)["files"]] if stored else []
    types = tuple(type(value).__name__ for value in Entry("", 0, 0, 0, 0, "", 0, 0, 0))
    if any(tuple(type(value).__name__ for value in entry) != types for entry in found):
        raise ValueError("its record is no list of files")
    if any(Path(entry.name).name != entry.name for entry in found):
        raise ValueError("its record names other folders")
    return found


def current(folder: Path, store: Store, cache: Cache, notice: Callable[[str], None]) -> Iterator[Segment]:
    """All of the store's rows, by id: from the files where they can be believed. What cannot is said on `notice`."""
    try:
        recorded = entries(store, cache)
    except (ValueError, TypeError, KeyError) as error:
        notice(f"the record of {cache.name} is damaged ({error}); made anew from the store")
        recorded = []
    gone = np.array(store.covered.gone(cache.name), np.int64)
    covered = 0
    for entry in recorded:
        try:
            arrays, now = cachefile.read(folder, entry, cache.form)
            cache.check(arrays)
        except ValueError as error:
            notice(f"{error}; made anew from the store")
            continue
        yield from _made(store, cache, covered + 1, entry.first - 1)
        own = gone[(gone >= entry.first) & (gone <= entry.last)]
        if len(own):
            yield Segment(entry.first, entry.last, cache.without(arrays, own))
        else:
            yield Segment(entry.first, entry.last, arrays, now)
        covered = entry.last
    yield from _made(store, cache, covered + 1, MOST)


def _made(store: Store, cache: Cache, first: int, last: int) -> Iterator[Segment]:
    rows = cache.rows(store, first, last)
    while some := list(islice(rows, ROWS)):
        yield Segment(first, int(some[-1][0]), cache.encode(some))
        first = int(some[-1][0]) + 1


@dataclass(frozen=True, slots=True)
class Look:
    """The ids that the files hold, and what is wrong with one of them, "" if nothing is."""

    ids: Ids
    problem: str = ""


def look(folder: Path, store: Store, cache: Cache, *, deep: bool) -> Look:
    """The files alone; with `deep` each is read to the byte. ValueError, TypeError or KeyError for a bad record."""
    ids = np.empty(0, np.int64)
    for entry in entries(store, cache):
        try:
            arrays, _ = cachefile.read(folder, entry, cache.form, deep=deep)
            cache.check(arrays)
        except ValueError as error:
            return Look(ids, str(error))
        ids = np.concatenate([ids, arrays["ids"]])
    return Look(ids)


def publish(folder: Path, store: Store, cache: Cache, notice: Callable[[str], None]) -> None:
    """Brings the files up to the store, and removes those that are no longer of use. StorageError: no room."""
    before = store.covered.record(cache.name)
    kept = [
        segment.entry or cachefile.write(folder, cache.name, cache.form, segment.arrays, (segment.first, segment.last))
        for segment in _joined(current(folder, store, cache, notice), cache)
    ]
    record = json.dumps({"files": kept}, separators=(",", ":"))
    if record != before or store.covered.gone(cache.name):
        store.covered.set_record(cache.name, record)
        failpoint("cache.recorded")
    names = {entry.name for entry in kept}
    for path in folder.glob(f"{cache.name}.*"):
        if path.name not in names:
            path.unlink(missing_ok=True)


def publish_all(folder: Path, store: Store, notice: Callable[[str], None] = lambda _: None) -> None:
    """Both caches, where there is anything to search."""
    pins = store.pins()
    if pins is not None:
        for cache in (TERMS, vectors(pins.dim)):
            publish(folder, store, cache, notice)


def _joined(segments: Iterable[Segment], cache: Cache) -> Iterator[Segment]:
    """The same rows in fewer segments, where that pays."""
    held: Segment | None = None
    for segment in segments:
        if held is None or not len(held):
            held = segment
        elif not len(segment):
            continue
        elif len(held) + len(segment) <= ROWS and len(held) <= GROWTH * len(segment):
            held = Segment(held.first, segment.last, cache.joined((held.arrays, segment.arrays)))
        else:
            yield held
            held = segment
    if held is not None and len(held):
        yield held
