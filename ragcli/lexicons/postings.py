"""BM25 over memory-mapped postings: the rows of the store's table `terms`, turned around into parts of numpy arrays.

The table is the truth and changes with the documents, in one transaction; parts are made from it (segments.py).
Terms are known by 64 bits of a hash, so that a part holds no word of a text.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragcli.database import TERMS_TABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragcli.protocols import Arrays, Ids, Ranked

    Row = tuple[int, str, str]
    """Snippet id, terms of the header, terms of the text; terms are joined by spaces."""

K1: Final = 1.2
B: Final = 0.75
LEAST_IDF: Final = 1e-6
"""All three as in SQLite's bm25(), and as there a term of the header counts as one of the text."""
MOST_COUNT: Final = (1 << 15) - 1
SHAPES: Final = {"ids": "i8", "lengths": "u4", "hashes": "u8", "starts": "u4", "rows": "u2", "counts": "u2"}


def create(
    rest: str = "", *, connection: sqlite3.Connection, parts: Callable[[], Sequence[Arrays]] | None = None, **_: object
) -> Postings:
    """The terms kept in `connection`'s database; `parts` gives those of all of its rows, None to make them here."""
    return Postings(connection, parts)


def encode(rows: Iterable[Row]) -> Arrays:
    """A part of at most 65,536 snippets: ids (n,) int64 and lengths (n,), how many terms each has; hashes (t,) uint64,
    sorted, one a term; its postings are starts[i] to starts[i + 1] of rows (p,), places in ids, and of counts (p,),
    twice how often the term occurs there, plus 1 where it is in the text."""
    ids, lengths, in_text, in_all, terms = [], [], [], [], []
    counts: list[int] = []
    known = _Numbers()
    for id, header, body in rows:
        words, named = body.split(), header.split()
        ids.append(id)
        lengths.append(len(words) + len(named))
        found = Counter(words)
        in_text.append(len(found))
        found.update(named)  # what only the header has comes behind
        in_all.append(len(found))
        terms += [known[term] for term in found]
        counts += found.values()
    hashes = np.array([term_hash(term) for term in known], np.uint64)
    sizes = np.array(in_all, np.int64)
    places = np.arange(len(terms)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    doubled = 2 * np.minimum(np.array(counts, np.int64), MOST_COUNT) + (places < np.repeat(in_text, sizes))
    return _part(
        np.array(ids, np.int64),
        np.array(lengths, np.uint32),
        hashes[np.array(terms, np.int64)],
        np.repeat(np.arange(len(ids)), sizes),
        doubled.astype(np.uint16),
    )


class _Numbers(dict[str, int]):
    """term -> its number, in the order met."""

    def __missing__(self, term: str) -> int:
        self[term] = number = len(self)
        return number


def _part(ids: Ids, lengths: NDArray[Any], hashes: NDArray[Any], rows: NDArray[Any], counts: NDArray[Any]) -> Arrays:
    """From one hash, row and count a posting, by row."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    made = {"ids": ids, "lengths": lengths, "hashes": ordered[starts]}
    made["starts"] = np.concatenate([starts, [len(ordered)]]).astype(np.uint32)
    return made | {"rows": rows[order].astype(np.uint16), "counts": counts[order]}


def _spread(part: Arrays) -> NDArray[np.uint64]:
    """The hash of each posting."""
    spread: NDArray[np.uint64] = np.repeat(part["hashes"], part["starts"][1:] - part["starts"][:-1])
    return spread


def without(part: Arrays, gone: Ids) -> Arrays:
    """The part without some snippets."""
    keep = ~np.isin(part["ids"], gone)
    places, left = np.cumsum(keep) - 1, keep[part["rows"]]
    rows = places[part["rows"][left]]
    return _part(part["ids"][keep], part["lengths"][keep], _spread(part)[left], rows, part["counts"][left])


def joined(parts: Sequence[Arrays]) -> Arrays:
    """One part with the snippets of all, which are at most 65,536."""
    before = np.cumsum([0, *(len(part["ids"]) for part in parts)])
    rows = [part["rows"].astype(np.int64) + shift for part, shift in zip(parts, before, strict=False)]
    ids, lengths, counts = (np.concatenate([part[name] for part in parts]) for name in ("ids", "lengths", "counts"))
    return _part(ids, lengths, np.concatenate([_spread(part) for part in parts]), np.concatenate(rows), counts)


def check(part: Arrays) -> None:
    """ValueError where the arrays are not those of a part."""
    types = {name: rows.dtype.str[1:] for name, rows in part.items() if rows.ndim == 1}
    if types != SHAPES or any(
        len(part[one]) != len(part[other]) + more
        for one, other, more in (("ids", "lengths", 0), ("starts", "hashes", 1), ("rows", "counts", 0))
    ):
        raise ValueError("not a part of postings")


def term_hash(term: str) -> int:
    """64 bits."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class Postings:
    """One row a snippet in `terms`, and what is searched: parts that share no snippet."""

    def __init__(self, connection: sqlite3.Connection, parts: Callable[[], Sequence[Arrays]] | None) -> None:
        self._connection = connection
        self._source = parts or self._made_here
        self._parts: Sequence[Arrays] | None = None
        self._norms: list[NDArray[np.float64]] = []

    def add(self, id: int, terms: Sequence[str], header: Sequence[str]) -> None:
        """Inside the caller's transaction."""
        self._connection.execute("insert into terms values (?, ?, ?)", (id, " ".join(header), " ".join(terms)))
        self._parts = None

    def remove(self, ids: Sequence[int]) -> int:
        """Inside the caller's transaction."""
        self._parts = None
        return sum(self._connection.execute("delete from terms where id = ?", (id,)).rowcount for id in ids)

    def clear(self) -> None:
        """Inside the caller's transaction: begins anew, whatever state the table is in."""
        self._parts = None
        self._connection.execute("drop table if exists terms")
        self._connection.execute(TERMS_TABLE)

    def search(self, terms: Sequence[str], k: int, only: Sequence[int] | None = None) -> Ranked:
        """Every snippet that holds a term is scored; no list is cut short."""
        wanted = [term_hash(term) for term in dict.fromkeys(terms)]
        parts = self._loaded()
        if not wanted or k < 1 or not parts:
            return []
        lists = [[_postings(part, term) for part in parts] for term in wanted]
        weights = [self._idf(sum(len(rows) for rows, _ in each)) for each in lists]
        among = None if only is None else np.sort(np.array(only, np.int64))
        best: list[tuple[float, int]] = []
        for number, part in enumerate(parts):
            own = [(weight, *each[number]) for weight, each in zip(weights, lists, strict=True)]
            scores = _scores(part, own, self._norms[number], among)
            floor = -best[-1][0] if len(best) == k else 0.0
            rows = _best(scores, k, floor)
            found = zip((-scores[rows]).tolist(), part["ids"][rows].tolist(), strict=True)
            best = sorted([*best, *found])[:k]
        return [(id, -score) for score, id in best]

    def whole(self, terms: Sequence[str], owners: Mapping[int, int]) -> dict[int, float]:
        """Every owner has a score, 0 where it holds no term."""
        ids = np.array(sorted(owners), np.int64)
        names, places = np.unique([owners[id] for id in ids.tolist()], return_inverse=True)
        wanted = [term_hash(term) for term in dict.fromkeys(terms)]
        counts, lengths, holding = np.zeros((len(wanted), len(names))), np.zeros(len(names)), np.zeros(len(wanted), int)
        for part in self._loaded() if len(ids) else ():
            at = np.minimum(np.searchsorted(ids, part["ids"]), len(ids) - 1)
            owner = np.where(ids[at] == part["ids"], places[at], len(names))  # the last: of no owner
            lengths += np.bincount(owner, part["lengths"], len(names) + 1)[:-1]
            for number, term in enumerate(wanted):
                rows, doubled = _postings(part, term)
                counts[number] += np.bincount(owner[rows], doubled >> 1, len(names) + 1)[:-1]
                holding[number] += len(rows)
        weights = np.array([self._idf(int(number)) for number in holding])
        norms = K1 * (1 - B + B * lengths / (lengths.sum() / max(1, len(names)) or 1))
        scores = (weights[:, None] * counts * (K1 + 1) / (counts + norms)).sum(axis=0)
        return dict(zip(names.tolist(), scores.tolist(), strict=True))

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """Of the text alone."""
        parts = self._loaded()
        found = {}
        for term in dict.fromkeys(terms):
            lists = [_postings(part, term_hash(term))[1] for part in parts]
            found[term] = sum(int(np.count_nonzero(counts & 1)) for counts in lists)
        return found

    def _idf(self, holding: int) -> float:
        total = sum(len(part["ids"]) for part in self._loaded())
        return max(LEAST_IDF, math.log((total - holding + 0.5) / (holding + 0.5)))

    def _loaded(self) -> Sequence[Arrays]:
        if self._parts is None:
            self._parts = self._source()
            total = sum(len(part["ids"]) for part in self._parts)
            average = sum(int(part["lengths"].sum(dtype=np.int64)) for part in self._parts) / max(1, total)
            self._norms = [K1 * (1 - B + B * part["lengths"] / (average or 1)) for part in self._parts]
        return self._parts

    def _made_here(self) -> list[Arrays]:
        rows = self._connection.execute("select id, header, body from terms order by id").fetchall()
        return [encode(rows)] if rows else []


def _postings(part: Arrays, term: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """(rows, counts) of a term, both empty where the part has it not."""
    at = int(np.searchsorted(part["hashes"], np.uint64(term)))
    if at == len(part["hashes"]) or int(part["hashes"][at]) != term:
        return part["rows"][:0], part["counts"][:0]
    start, end = int(part["starts"][at]), int(part["starts"][at + 1])
    return part["rows"][start:end], part["counts"][start:end]


def _scores(
    part: Arrays,
    lists: Sequence[tuple[float, NDArray[np.uint16], NDArray[np.uint16]]],
    norms: NDArray[np.float64],
    among: Ids | None,
) -> NDArray[np.float64]:
    """BM25 of each snippet of the part, 0 for those that are not `among`."""
    scores = np.zeros(len(part["ids"]))
    allowed = None if among is None else _marked(part["ids"], among)
    if allowed is not None and not allowed.any():
        return scores
    for weight, all_rows, doubled in lists:
        kept = slice(None) if allowed is None else allowed[all_rows]
        rows, counts = all_rows[kept], (doubled[kept] >> 1).astype(np.float64)
        scores[rows] += weight * (counts * (K1 + 1)) / (counts + norms[rows])
    return scores


def _marked(ids: Ids, among: Ids) -> NDArray[np.bool_]:
    """Which of the ids are among the others; both in order. (np.isin would import numpy.ma: 20 ms of a start.)"""
    places = np.searchsorted(ids, among)
    inside = places < len(ids)
    places, wanted = places[inside], among[inside]
    marked = np.zeros(len(ids), np.bool_)
    marked[places[ids[places] == wanted]] = True
    return marked


def _best(scores: NDArray[np.float64], k: int, floor: float) -> NDArray[np.int64]:
    """The rows of the k highest scores above 0 and not below `floor`; of equal ones the first."""
    rows = np.flatnonzero(scores >= floor if floor else scores > 0)
    if len(rows) > k:
        least = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
        rows = rows[scores[rows] >= least]
    best: NDArray[np.int64] = rows[np.lexsort((rows, -scores[rows]))[:k]]
    return best
