"""Hits -> fewer, better hits: near-copies of a better hit go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragcli import lexical
from ragcli.types import Hit

SAME: Final = 0.8
"""Jaccard similarity of two snippets' terms from which the worse one says nothing new."""


def rerank(hits: Sequence[Hit], k: int) -> list[Hit]:
    """The first k hits, in order, of which none is a near-copy of an earlier one."""
    kept: list[tuple[Hit, set[str]]] = []
    for hit in hits:
        terms = set(lexical.terms(hit.snippet.text))
        if all(len(terms & other) < SAME * len(terms | other) for _, other in kept):
            kept.append((hit, terms))
        if len(kept) == k:
            break
    return [hit for hit, _ in kept]
