"""Question -> hits: dense windows and lexical terms, fused by their scores; filters come before the top-k."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ragcli import lexical
from ragcli.sentences import spans
from ragcli.types import Filters, Hit, Scores, SearchMode, Snippet, Span

if TYPE_CHECKING:
    from ragcli.index import Index, Near

DEPTH: Final = 100
"""Candidates of each leg before fusion; each leg then scores the other's too."""


HEADING_CHARS: Final = 40
"""A shorter best passage is probably a heading, which says less than a sentence with the same words."""


def retrieve(
    question: str,
    index: Index,
    *,
    mode: SearchMode = SearchMode.HYBRID,
    k: int = 10,
    filters: Filters = Filters(),
) -> list[Hit]:
    """The k best snippets, best first; ties by id. Empty where nothing is indexed or allowed."""
    only = _allowed(index, filters)
    depth = max(DEPTH, k)
    weight = {SearchMode.DENSE: 1.0, SearchMode.LEXICAL: 0.0}.get(mode)
    if weight is None:
        weight = dense_weight(question, index)
    dense = {near.snippet_id: near for near in index.dense(question, depth, only)} if weight > 0 else {}
    sparse = dict(index.lexical(question, depth, only)) if weight < 1 else {}
    if 0 < weight < 1:  # a candidate of one leg gets its true score from the other
        dense |= {near.snippet_id: near for near in _among(index, question, sorted(sparse.keys() - dense.keys()))}
        rest = sorted(dense.keys() - sparse.keys())
        sparse |= dict(index.lexical(question, len(rest), rest)) if rest else {}
    fused = _fuse(dense, sparse, weight)
    best = sorted(fused, key=lambda id: (-fused[id], id))[:k]
    weights = {term: index.idf(term) for term in lexical.content_terms(question)}
    return [_hit(snippet, weights, dense, sparse, fused) for snippet in index.store.snippets(best)]


def dense_weight(question: str, index: Index) -> float:
    """How much the embedder's say counts, 0 to 0.8, from how well it reads the question's script.

    A word-piece model that was not trained on a script falls back to single characters, so characters per
    token tell: English 4-5, German about 3, Russian 2, Chinese 1.
    """
    tokens = index.embedder.token_spans(question)
    if not tokens:
        return 0.0
    reach = sum(end - start for start, end in tokens) / len(tokens)
    return round(0.8 * min(1.0, max(0.0, (reach - 1.5) / 2.0)), 3)


def _among(index: Index, question: str, ids: Sequence[int]) -> list[Near]:
    return index.dense(question, len(ids), ids) if ids else []


def _fuse(dense: dict[int, Near], sparse: dict[int, float], weight: float) -> dict[int, float]:
    """Convex combination of scores over their theoretical minimum and the query's maximum (TM2C2, Bruch et
    al. 2023): cosine from -1, BM25 from 0."""
    top_dense = max((near.score + 1 for near in dense.values()), default=1.0) or 1.0
    top_sparse = max(sparse.values(), default=1.0) or 1.0
    return {
        id: weight * ((dense[id].score + 1) / top_dense if id in dense else 0.0)
        + (1 - weight) * sparse.get(id, 0.0) / top_sparse
        for id in dense.keys() | sparse.keys()
    }


def _hit(
    snippet: Snippet,
    weights: dict[str, float],
    dense: dict[int, Near],
    sparse: dict[int, float],
    fused: dict[int, float],
) -> Hit:
    near = dense.get(snippet.id)
    scores = Scores(near.score if near else None, sparse.get(snippet.id), fused[snippet.id])
    return Hit(snippet, scores, _best_span(weights, snippet.text, near.span if near else (0, len(snippet.text))))


def _best_span(weights: dict[str, float], text: str, window: Span) -> Span:
    """The sentence that holds most of the question's IDF mass, the earlier one of two; else the nearest window."""
    shared = [
        (_mass(weights, text[start:end]) * min(1.0, (end - start) / HEADING_CHARS), -start, end)
        for start, end in spans(text)
    ]
    mass, start, end = max(shared, default=(0.0, 0, 0))
    return (-start, end) if mass else window


def _mass(weights: dict[str, float], sentence: str) -> float:
    return sum(weights.get(term, 0.0) for term in set(lexical.content_terms(sentence)))


def _allowed(index: Index, filters: Filters) -> list[int] | None:
    """The snippets that the filters leave, None for all."""
    if not filters.paths and not filters.where:
        return None
    wanted = set(filters.where)
    documents = (
        document.id
        for document in index.store.documents()
        if wanted <= set(document.metadata) and (not filters.paths or _matches(document.uri, filters.paths))
    )
    return index.store.snippet_ids(documents)


def _matches(uri: str, globs: Sequence[str]) -> bool:
    """A glob fits a whole uri or the end of its path (`*.md`, `docs/a.md`); a folder fits what is in it."""
    path = uri.replace(os.sep, "/")
    for glob in globs:
        pattern = glob.replace(os.sep, "/").removeprefix("./").rstrip("/")
        if any(fnmatch.fnmatchcase(path, form) for form in (pattern, f"*/{pattern}", f"{pattern}/*", f"*/{pattern}/*")):
            return True
    return False
