from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragcli.protocols import VectorIndex
from ragcli.vectors import faiss, flat

if TYPE_CHECKING:
    from ragcli.protocols import Vectors

DIM = 100  # no multiple of 64: the last word of signs is padded


def unit(count: int, seed: int = 0) -> Vectors:
    """Around 20 topics, as embeddings of texts are."""
    rng = np.random.default_rng(seed)
    topics = np.random.default_rng(99).standard_normal((20, DIM)).astype(np.float32)
    rows = topics[rng.integers(0, 20, count)] + rng.standard_normal((count, DIM), np.float32)
    scaled: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def test_the_scan_of_signs_misses_few_of_the_nearest() -> None:
    rows, ids = unit(40_000), np.arange(40_000, dtype=np.int64)
    oracle: VectorIndex = flat.create(dim=DIM)
    oracle.add(ids, rows)
    index = faiss.create(dim=DIM)
    for part in np.split(ids, 4):
        index.add(part, rows[part])
    assert faiss.refined(len(index), 100) < len(index)
    found, wanted = 0, 0
    for query in unit(20, seed=1):
        best = oracle.search(query, 10)
        mine = dict(index.search(query, 10))
        found += sum(id in mine for id, _ in best)
        wanted += len(best)
        assert all(mine[id] == pytest.approx(score, abs=1e-6) for id, score in best if id in mine)
    assert found >= 0.99 * wanted


def test_a_filter_of_many_ids_comes_before_the_scan_of_signs() -> None:
    rows, ids = unit(40_000), np.arange(40_000, dtype=np.int64)
    index = faiss.create(dim=DIM)
    index.add(ids, rows)
    query = unit(1, seed=2)[0]
    only = np.sort(np.argsort(rows @ query)[:-100]).astype(np.int64)  # without the nearest
    expected = only[np.argsort(-(rows[only] @ query))[:5]].tolist()
    assert [id for id, _ in index.search(query, 5, only)] == expected


def test_what_the_store_has_no_more_is_not_found() -> None:
    rows, ids = unit(10), np.arange(10, dtype=np.int64)

    def exact(wanted: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[object, object]:
        there = wanted[wanted != 3]
        return there, rows[there]

    index = faiss.create(dim=DIM, parts=[faiss.encode(ids, rows)], exact=exact)  # type: ignore[arg-type]
    assert 3 not in dict(index.search(rows[3], 10))
    assert len(index.search(rows[3], 10)) == 9


def test_parts_are_cut_and_joined_without_a_change_to_a_row() -> None:
    rows, ids = unit(50), np.arange(50, dtype=np.int64)
    whole = faiss.encode(ids, rows)
    halves = faiss.encode(ids[:20], rows[:20]), faiss.encode(ids[20:], rows[20:])
    assert all(np.array_equal(array, whole[name]) for name, array in faiss.joined(halves).items())
    left = faiss.without(whole, np.arange(20, dtype=np.int64))
    assert all(np.array_equal(array, halves[1][name]) for name, array in left.items())


def test_scores_by_halves_are_those_of_their_values() -> None:
    """Of the smallest numbers too, whose bits have no leading one, and of none."""
    rows = np.vstack(
        [unit(300), unit(2) * np.float32(1e-4), unit(1) * np.float32(3e-7), np.zeros((1, DIM), np.float32)]
    )
    query = unit(1, seed=3)[0]
    part = faiss.encode(np.arange(len(rows), dtype=np.int64), rows)
    expected = part["halves"].astype(np.float64) @ query.astype(np.float64)
    for chosen in (None, np.arange(0, len(rows), 2, dtype=np.int64)):
        wanted = expected if chosen is None else expected[chosen]
        assert faiss.scores(part, chosen, query) == pytest.approx(wanted, rel=1e-5, abs=1e-7)


def test_a_part_of_another_dimension_or_kind_is_refused() -> None:
    part = faiss.encode(np.arange(5, dtype=np.int64), unit(5))
    for wrong in (
        {**part, "halves": part["halves"][:, :-1]},
        {"ids": part["ids"]},
        {**part, "signs": part["signs"][:1]},
    ):
        with pytest.raises(ValueError, match="dimension"):
            faiss.create(dim=DIM, parts=[wrong])
