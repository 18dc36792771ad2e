"""Every file of ragcli/vectors against the numpy oracle: scores, not only order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ragcli import backends

if TYPE_CHECKING:
    from ragcli.protocols import VectorIndex, Vectors

DIM = 16


@pytest.fixture(params=backends.names("vectors"))
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def create(scheme: str, **options: object) -> VectorIndex:
    made: VectorIndex = backends.create("vectors", scheme, dim=DIM, **options)
    return made


def unit(count: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    scaled: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def filled(scheme: str, count: int = 50) -> VectorIndex:
    index = create(scheme)
    index.add(np.arange(count, dtype=np.int64) * 3, unit(count))
    return index


def test_scores_and_order_equal_brute_force(scheme: str) -> None:
    query = unit(1, seed=9)[0]
    expected = sorted(((float(row @ query), -3 * i) for i, row in enumerate(unit(50))), reverse=True)[:7]
    found = filled(scheme).search(query, 7)
    assert [id for id, _ in found] == [-id for _, id in expected]
    assert [score for _, score in found] == pytest.approx([score for score, _ in expected], abs=1e-5)


def test_a_higher_score_is_nearer(scheme: str) -> None:
    rows = unit(50)
    (id, score), *rest = filled(scheme).search(rows[4], 3)
    assert id == 12
    assert score == pytest.approx(1.0, abs=1e-5)
    assert all(other < score for _, other in rest)


def test_only_is_applied_before_the_top_k(scheme: str) -> None:
    rows = unit(50)
    far = np.argsort(rows @ rows[0])[:3]  # the three farthest: no top-k over all would hold them
    only = np.sort(far).astype(np.int64) * 3
    assert [id for id, _ in filled(scheme).search(rows[0], 10, only)] == [int(i) * 3 for i in far[::-1]]


def test_only_of_nothing_finds_nothing(scheme: str) -> None:
    assert filled(scheme).search(unit(1)[0], 5, np.empty(0, np.int64)) == []


def test_more_than_there_is_gives_all_and_never_a_negative_id(scheme: str) -> None:
    found = filled(scheme, 4).search(unit(1)[0], 100)
    assert sorted(id for id, _ in found) == [0, 3, 6, 9]


def test_an_empty_index_finds_nothing(scheme: str) -> None:
    assert create(scheme).search(unit(1)[0], 5) == []


def test_removed_ids_are_gone_and_counted(scheme: str) -> None:
    index = filled(scheme)
    assert index.remove(np.array([0, 3, 1000], np.int64)) == 2
    assert len(index) == 48
    assert not {0, 3} & set(index.ids().tolist())
    assert 0 not in {id for id, _ in index.search(unit(50)[0], 50)}


def test_equal_scores_come_by_smaller_id(scheme: str) -> None:
    index = create(scheme)
    index.add(np.array([9, 2, 5], np.int64), np.repeat(unit(1), 3, axis=0))
    assert [id for id, _ in index.search(unit(1)[0], 3)] == [2, 5, 9]


def test_more_ids_than_are_looked_up_one_by_one_are_a_filter_too(scheme: str) -> None:
    index, rows = create(scheme), unit(6000)
    index.add(np.arange(6000, dtype=np.int64), rows)
    only = np.arange(1000, 6000, dtype=np.int64)
    expected = sorted(((-float(score), int(id)) for score, id in zip(rows[only] @ rows[0], only, strict=True)))[:20]
    assert [id for id, _ in index.search(rows[0], 20, only)] == [id for _, id in expected]
