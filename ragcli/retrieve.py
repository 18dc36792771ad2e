"""Question -> hits: dense windows and lexical terms, fused by their scores; filters come before the top-k."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ragcli import followup, lexical
from ragcli.rerank import rerank
from ragcli.sentences import spans
from ragcli.types import Filters, Hit, Scores, SearchMode, Snippet, Span, Turn
from ragcli.windows import legibility

if TYPE_CHECKING:
    from ragcli.index import Index, Near
    from ragcli.protocols import Reranker

DEPTH: Final = 100
"""Candidates of each leg before fusion; each leg then scores the other's too."""
SPARE: Final = 2
"""Hits fetched for each one kept, so that near-copies can go."""
DENSE_SHARE: Final = 0.75
"""Of .5 to .8 the best, or within half a point of it, on encyclopedia paragraphs, conversations, code, and
paragraphs with tables."""
DOCUMENT_SHARE: Final = 0.1
"""Of a snippet's whole document in its score. Code cut into chunks of 70 words, golds in the first 5, 10 and 20 of 248
questions: .825, .883, .908 -> .852, .902, .926; paragraphs of encyclopedia articles, first hit: .958 -> .957."""
HEADING_CHARS: Final = 40
"""A shorter best passage is probably a heading, which says less than a sentence with the same words."""


@dataclass(frozen=True, slots=True)
class _Legs:
    """What one text finds: the embedder's weight, and by snippet its nearest window and its BM25."""

    text: str
    weight: float
    dense: dict[int, Near]
    sparse: dict[int, float]

    def fill(self, ids: Iterable[int], index: Index) -> None:
        """Gives snippets that other legs found their true score in these."""
        wanted = sorted(set(ids))
        if self.weight > 0 and (rest := [id for id in wanted if id not in self.dense]):
            self.dense.update((near.snippet_id, near) for near in index.dense(self.text, len(rest), rest))
        if self.weight < 1 and (rest := [id for id in wanted if id not in self.sparse]):
            self.sparse.update(index.lexical(self.text, len(rest), rest))


def search(
    question: str,
    index: Index,
    *,
    reranker: Reranker,
    mode: SearchMode = SearchMode.HYBRID,
    k: int = 10,
    filters: Filters = Filters(),
    history: Sequence[Turn] = (),
) -> list[Hit]:
    """What `retrieve` finds, near-copies folded into one hit, the close ones read again by `reranker`; k at most."""
    hits = retrieve(question, index, mode=mode, k=SPARE * k, filters=filters, history=history)
    return rerank(question, hits, k, reranker=reranker)


def retrieve(
    question: str,
    index: Index,
    *,
    mode: SearchMode = SearchMode.HYBRID,
    k: int = 10,
    filters: Filters = Filters(),
    history: Sequence[Turn] = (),
) -> list[Hit]:
    """The k best snippets, best first; ties by id. Empty where nothing is indexed or allowed.

    What the last questions of `history` find together with this one counts too, in `Scores.fused`.
    """
    only = _allowed(index, filters)
    own = _legs(question, index, mode, max(DEPTH, k), only)
    fused = _fuse(own)
    if asked := followup.context(question, history):
        around = _legs(asked, index, mode, max(DEPTH, k), only)
        found = fused.keys() | around.dense.keys() | around.sparse.keys()
        for legs in (own, around):
            legs.fill(found, index)
        fused = _mix(_fuse(own), _fuse(around), followup.SHARE)
    if mode is SearchMode.HYBRID:
        fused = _with_documents(fused, asked or question, index)
    best = sorted(fused, key=lambda id: (-fused[id], id))[:k]
    weights = {term: index.idf(term) for term in lexical.content_terms(question)}
    return [_hit(snippet, weights, own, fused) for snippet in index.store.snippets(best)]


def _legs(text: str, index: Index, mode: SearchMode, depth: int, only: Sequence[int] | None) -> _Legs:
    """The candidates of each leg, scored by both."""
    weight = {SearchMode.DENSE: 1.0, SearchMode.LEXICAL: 0.0}.get(mode)
    if weight is None:
        weight = dense_weight(text, index)
    dense = {near.snippet_id: near for near in index.dense(text, depth, only)} if weight > 0 else {}
    sparse = dict(index.lexical(text, depth, only)) if weight < 1 else {}
    legs = _Legs(text, weight, dense, sparse)
    legs.fill([*dense, *sparse], index)
    return legs


def dense_weight(question: str, index: Index) -> float:
    """How much the embedder's say counts, 0 to DENSE_SHARE, from how well it reads the question's script."""
    return round(DENSE_SHARE * legibility(index.embedder.token_spans(question)), 3)


def _fuse(legs: _Legs) -> dict[int, float]:
    """Convex combination of scores over their theoretical minimum and the query's maximum (TM2C2, Bruch et
    al. 2023): cosine from -1, BM25 from 0."""
    dense, sparse, weight = legs.dense, legs.sparse, legs.weight
    top_dense = max((near.score + 1 for near in dense.values()), default=1.0) or 1.0
    top_sparse = max(sparse.values(), default=1.0) or 1.0
    return {
        id: weight * ((dense[id].score + 1) / top_dense if id in dense else 0.0)
        + (1 - weight) * sparse.get(id, 0.0) / top_sparse
        for id in dense.keys() | sparse.keys()
    }


def _mix(own: dict[int, float], around: dict[int, float], share: float) -> dict[int, float]:
    return {id: (1 - share) * own.get(id, 0.0) + share * around.get(id, 0.0) for id in own.keys() | around.keys()}


def _with_documents(fused: dict[int, float], text: str, index: Index) -> dict[int, float]:
    """The scores, mixed with how well the words of each snippet's whole document fit, with its parts or with what it
    is a part of; the only snippet of a file keeps its own."""
    owners = index.store.ledger.siblings(list(fused))
    sizes = Counter(owners.values())
    several = {id: file for id, file in owners.items() if sizes[file] > 1}
    whole = index.lexicon.whole(lexical.terms(text), several) if several else {}
    most = max(whole.values(), default=0.0)
    if not most:
        return fused
    scale = max(fused.values()) / most
    return {
        id: score + DOCUMENT_SHARE * (scale * whole[several[id]] - score) if id in several else score
        for id, score in fused.items()
    }


def _hit(snippet: Snippet, weights: dict[str, float], legs: _Legs, fused: dict[int, float]) -> Hit:
    near = legs.dense.get(snippet.id)
    scores = Scores(near.score if near else None, legs.sparse.get(snippet.id), fused[snippet.id])
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
    if filters == Filters():
        return None
    wanted, unwanted = set(filters.where), set(filters.without)
    documents = (
        document.id
        for document in index.store.documents()
        if wanted <= set(document.metadata)
        and document.uri not in unwanted
        and (not filters.paths or _matches(document.uri, filters.paths))
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
