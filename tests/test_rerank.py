"""Near-copies are folded, close hits read again; nothing else moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli import backends, lexical
from ragcli.rerank import SAME, fold, rerank
from ragcli.types import Hit, Scores, Snippet

TEXT = "The keeper winds the clockwork of the lamp every evening before the sun goes down over the bay"
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def hit(id: int, text: str, fused: float | None = None) -> Hit:
    return Hit(
        Snippet(id, f"{id:016x}", id, f"{id}.md", 0, len(text), text, (("text", text),), (1, 1)),
        Scores(None, None, 1.0 / id if fused is None else fused),
    )


def close(*scores: float) -> list[Hit]:
    return [hit(n, f"{WORDS[n - 1]} alone here", score) for n, score in enumerate(scores, 1)]


class Told:
    """A real reranker that knows what to say: the score that stands behind a text's first word."""

    def __init__(self, share: float = 0.5, near: float = 0.9, most: int = 5, **said: float) -> None:
        self._share, self.near, self.most, self.said = share, near, most, said
        self.read: list[str] = []

    def share(self, question: str) -> float:
        return self._share

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        self.read += texts
        return [self.said[text.split()[0]] for text in texts if text.split()[0] in self.said]


def ids(hits: Sequence[Hit]) -> list[int]:
    return [each.snippet.id for each in hits]


NONE = backends.create("reranker", "none")


def test_a_near_copy_becomes_a_place_of_the_better_hit() -> None:
    kept = rerank(
        "q", [hit(1, TEXT), hit(2, TEXT + "."), hit(3, "Paraffin came by boat twice a year")], 5, reranker=NONE
    )
    assert ids(kept) == [1, 3]
    assert [[copy.uri for copy in each.copies] for each in kept] == [["2.md"], []]


def test_copies_are_folded_even_where_enough_hits_are_kept() -> None:
    kept = fold([hit(1, TEXT), hit(2, "Paraffin came by boat"), hit(3, TEXT)], 2)
    assert ids(kept) == [1, 2]
    assert [copy.id for copy in kept[0].copies] == [3]


def test_order_is_kept_and_k_limits() -> None:
    assert ids(rerank("q", close(0.9, 0.8, 0.7, 0.6), 3, reranker=NONE)) == [1, 2, 3]


def test_texts_without_terms_are_no_copies_of_anything() -> None:
    assert ids(rerank("q", [hit(1, "…"), hit(2, "words here"), hit(3, "…")], 5, reranker=NONE)) == [1, 2, 3]


NAMES = st.sampled_from([f"w{'x' * n}" for n in range(8)])


@settings(max_examples=50)
@given(st.lists(st.sets(NAMES, min_size=1, max_size=8), max_size=8), st.integers(1, 8))
def test_folding_finds_what_comparing_all_with_all_finds(sets: list[set[str]], k: int) -> None:
    hits = [hit(n, " ".join(sorted(words))) for n, words in enumerate(sets, 1)]
    found: list[tuple[int, set[str]]] = []
    for each in hits:
        terms = set(lexical.terms(each.snippet.text))
        if all(len(terms & other) < SAME * len(terms | other) for _, other in found) and len(found) < k:
            found.append((each.snippet.id, terms))
    assert ids(fold(hits, k)) == [id for id, _ in found]


def test_a_close_hit_that_reads_better_comes_first_and_tells_its_score() -> None:
    kept = rerank("q", close(1.0, 0.95, 0.5), 5, reranker=Told(alpha=0.2, beta=0.8, gamma=1.0))
    assert ids(kept) == [2, 1, 3]
    assert [each.scores.rerank for each in kept] == [0.8, 0.2, None]
    assert [each.scores.fused for each in kept] == [0.95, 1.0, 0.5]


def test_a_clear_first_hit_is_not_read_at_all() -> None:
    reader = Told(alpha=0.0, beta=1.0)
    assert ids(rerank("q", close(1.0, 0.89), 5, reranker=reader)) == [1, 2]
    assert reader.read == []


def test_only_as_many_are_read_as_the_reranker_takes() -> None:
    reader = Told(most=2, alpha=0.1, beta=0.2, gamma=0.9)
    assert ids(rerank("q", close(1.0, 1.0, 1.0), 5, reranker=reader)) == [2, 1, 3]
    assert len(reader.read) == 2


def test_hits_that_were_not_read_keep_their_places_behind_those_that_were() -> None:
    assert ids(rerank("q", close(1.0, 0.99, 0.98, 0.97), 5, reranker=Told(alpha=0.1, beta=0.9))) == [2, 1, 3, 4]


@pytest.mark.parametrize(("share", "expected"), [(0.0, [1, 2]), (0.04, [1, 2]), (0.5, [2, 1]), (1.0, [2, 1])])
def test_the_share_is_the_rerankers_weight_in_a_convex_mix(share: float, expected: list[int]) -> None:
    assert ids(rerank("q", close(1.0, 0.95), 5, reranker=Told(share, alpha=0.0, beta=1.0))) == expected


def test_equal_hits_stay_in_order_and_no_hits_are_none() -> None:
    reader = Told(alpha=0.5, beta=0.5)
    assert ids(rerank("q", close(0.0, 0.0), 5, reranker=reader)) == [1, 2]
    assert rerank("q", [], 5, reranker=reader) == []


def test_the_order_does_not_depend_on_the_scale_of_the_first_scores() -> None:
    hits = close(1.0, 0.95, 0.92)
    small = [replace(each, scores=replace(each.scores, fused=each.scores.fused / 100)) for each in hits]
    said = {"alpha": 0.5, "beta": 0.6, "gamma": 0.57}
    assert ids(rerank("q", hits, 5, reranker=Told(0.5, 0.9, 5, **said))) == ids(
        rerank("q", small, 5, reranker=Told(0.5, 0.9, 5, **said))
    )
