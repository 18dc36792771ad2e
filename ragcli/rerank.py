"""Hits -> fewer, better hits: near-copies are folded into one, close ones are read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ragcli import lexical
from ragcli.types import Hit, Snippet

if TYPE_CHECKING:
    from ragcli.protocols import Reranker

DEFAULT: Final = "maxsim"
NONE: Final = "none"
SAME: Final = 0.8
"""Jaccard similarity of two snippets' terms from which the worse one says nothing new."""


def words_of(snippet: Snippet) -> frozenset[str]:
    """The terms by which two snippets are near-copies."""
    return frozenset(lexical.terms(snippet.text))


def rerank(
    question: str,
    hits: Sequence[Hit],
    k: int,
    *,
    reranker: Reranker,
    words: Callable[[Snippet], frozenset[str]] = words_of,
) -> list[Hit]:
    """The first k hits that are no near-copies of an earlier one, whose `copies` those become; the close ones among
    the first in the order that the mix of `fused` and the reranker's score gives."""
    unlike = fold(hits, k, words)
    close = [hit for hit in unlike[: reranker.most] if hit.scores.fused >= reranker.near * unlike[0].scores.fused]
    share = reranker.share(question) if len(close) > 1 else 0.0
    read = reranker.scores(question, [hit.snippet.text for hit in close]) if share else []
    scored = [(hit, score) for hit, score in zip(close, read, strict=False)]
    top = max((hit.scores.fused for hit, _ in scored), default=1.0) or 1.0
    scored.sort(key=lambda pair: -((1 - share) * pair[0].scores.fused / top + share * pair[1]))
    again = [replace(hit, scores=replace(hit.scores, rerank=score)) for hit, score in scored]
    return [*again, *unlike[len(again) :]]


def fold(hits: Sequence[Hit], k: int, words: Callable[[Snippet], frozenset[str]] = words_of) -> list[Hit]:
    """The first k hits, in order, of which none is a near-copy of an earlier one; all that are become its `copies`."""
    kept: list[tuple[Hit, frozenset[str], list[Hit]]] = []
    holders: dict[str, list[int]] = defaultdict(list)
    for hit in hits:
        terms = words(hit.snippet)
        # Sets that share four fifths of their terms share one of the first fifth, in any one order.
        first = sorted(terms, key=lambda term: (-len(term), term))[: len(terms) - int(SAME * len(terms)) + 1]
        rivals = sorted({at for term in first for at in holders[term]})
        same = next((at for at in rivals if len(terms & kept[at][1]) >= SAME * len(terms | kept[at][1])), None)
        if same is not None:
            kept[same][2].append(hit)
        elif len(kept) < k:
            for term in first:
                holders[term].append(len(kept))
            kept.append((hit, terms, []))
    return [replace(hit, copies=tuple(copy.snippet for copy in copies)) for hit, _, copies in kept]
