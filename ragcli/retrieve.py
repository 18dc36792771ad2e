"""Question -> hits: dense windows and lexical terms, fused by their scores; filters come before the top-k."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ragcli import followup, lexical
from ragcli.rerank import rerank
from ragcli.sentences import spans
from ragcli.types import Filters, Hit, Scores, SearchMode, Snippet, Span, Turn
from ragcli.windows import legibility

if TYPE_CHECKING:
    from ragcli.index import Index, Near
    from ragcli.protocols import Reranker
    from ragcli.tuning import Tuning

DEPTH: Final = 100
"""Candidates of each leg before fusion; each leg then scores the other's too."""
SPARE: Final = 2
"""Hits fetched for each one kept, so that near-copies can go."""
HEADING_CHARS: Final = 40
"""A shorter best passage is probably a heading, which says less than a sentence with the same words."""


@dataclass(frozen=True, slots=True)
class _Legs:
    """What one text finds: how far the embedder reads it, 0..1, and by snippet its nearest window and its BM25."""

    text: str
    mode: SearchMode
    reads: float
    dense: dict[int, Near]
    sparse: dict[int, float]

    def weight(self, share: float) -> float:
        """The embedder's, in 0..1."""
        return round(share * self.reads, 3) if self.mode == SearchMode.HYBRID else self.reads

    def fill(self, ids: Iterable[int], index: Index) -> None:
        """Gives snippets that other legs found their true score in these."""
        wanted = sorted(set(ids))
        if self.reads > 0 and (rest := [id for id in wanted if id not in self.dense]):
            self.dense.update((near.snippet_id, near) for near in index.dense(self.text, len(rest), rest))
        if self.mode != SearchMode.DENSE and (rest := [id for id in wanted if id not in self.sparse]):
            self.sparse.update(index.lexical(self.text, len(rest), rest))


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a question finds, before anything is weighed: by its own words, also by those of the questions before it
    (`around`), and by snippet the BM25 of its whole document where that holds more."""

    own: _Legs
    around: _Legs | None
    whole: dict[int, float]

    def fused(self, tuning: Tuning) -> dict[int, float]:
        """The first score of each snippet."""
        fused = _fuse(self.own, tuning.dense)
        if self.around is not None:
            fused = _mix(fused, _fuse(self.around, tuning.dense), followup.SHARE)
        return _with_documents(fused, self.whole, tuning.document)

    def without(self, ids: Container[int]) -> Candidates:
        """What would be found if these snippets were not there."""
        around = None if self.around is None else _without(self.around, ids)
        return Candidates(_without(self.own, ids), around, _kept(self.whole, ids))


Scored = TypeVar("Scored")


def _without(legs: _Legs, ids: Container[int]) -> _Legs:
    return replace(legs, dense=_kept(legs.dense, ids), sparse=_kept(legs.sparse, ids))


def _kept(scored: dict[int, Scored], ids: Container[int]) -> dict[int, Scored]:
    return {id: score for id, score in scored.items() if id not in ids}


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
    found = gather(question, index, mode=mode, k=k, filters=filters, history=history)
    fused = found.fused(index.tuning)
    weights = {term: index.idf(term) for term in lexical.content_terms(question)}
    return [_hit(snippet, weights, found.own, fused) for snippet in index.store.snippets(first(fused, k))]


def first(fused: Mapping[int, float], k: int) -> list[int]:
    """The ids of the k best, best first; ties by id."""
    return sorted(fused, key=lambda id: (-fused[id], id))[:k]


def gather(
    question: str,
    index: Index,
    *,
    mode: SearchMode = SearchMode.HYBRID,
    k: int = 10,
    filters: Filters = Filters(),
    history: Sequence[Turn] = (),
) -> Candidates:
    """The candidates for the k best, each scored by every leg."""
    only = _allowed(index, filters)
    own, around = _legs(question, index, mode, max(DEPTH, k), only), None
    found = own.dense.keys() | own.sparse.keys()
    if asked := followup.context(question, history):
        around = _legs(asked, index, mode, max(DEPTH, k), only)
        found = found | around.dense.keys() | around.sparse.keys()
        for legs in (own, around):
            legs.fill(found, index)
    whole = _whole(found, asked or question, index) if mode == SearchMode.HYBRID else {}
    return Candidates(own, around, whole)


def _legs(text: str, index: Index, mode: SearchMode, depth: int, only: Sequence[int] | None) -> _Legs:
    """The candidates of each leg, scored by both."""
    reads = {SearchMode.DENSE: 1.0, SearchMode.LEXICAL: 0.0}.get(mode)
    if reads is None:
        reads = legibility(index.embedder.token_spans(text))
    dense = {near.snippet_id: near for near in index.dense(text, depth, only)} if reads > 0 else {}
    sparse = dict(index.lexical(text, depth, only)) if mode != SearchMode.DENSE else {}
    legs = _Legs(text, mode, reads, dense, sparse)
    legs.fill([*dense, *sparse], index)
    return legs


def _fuse(legs: _Legs, share: float) -> dict[int, float]:
    """Convex combination of scores over their theoretical minimum and the query's maximum (TM2C2, Bruch et
    al. 2023): cosine from -1, BM25 from 0."""
    dense, sparse, weight = legs.dense, legs.sparse, legs.weight(share)
    top_dense = max((near.score + 1 for near in dense.values()), default=1.0) or 1.0
    top_sparse = max(sparse.values(), default=1.0) or 1.0
    return {
        id: weight * ((dense[id].score + 1) / top_dense if id in dense else 0.0)
        + (1 - weight) * sparse.get(id, 0.0) / top_sparse
        for id in dense.keys() | sparse.keys()
    }


def _mix(own: dict[int, float], around: dict[int, float], share: float) -> dict[int, float]:
    return {id: (1 - share) * own.get(id, 0.0) + share * around.get(id, 0.0) for id in own.keys() | around.keys()}


def _whole(ids: Collection[int], text: str, index: Index) -> dict[int, float]:
    """How well the words of each snippet's whole document fit, with its parts or with what it is a part of; the only
    snippet of a file has none."""
    owners = index.store.ledger.siblings(list(ids))
    sizes = Counter(owners.values())
    several = {id: file for id, file in owners.items() if sizes[file] > 1}
    whole = index.lexicon.whole(lexical.terms(text), several) if several else {}
    return {id: whole.get(several[id], 0.0) for id in ids if id in several}


def _with_documents(fused: dict[int, float], whole: dict[int, float], share: float) -> dict[int, float]:
    most = max(whole.values(), default=0.0)
    if not most:
        return fused
    scale = max(fused.values()) / most
    return {id: score + share * (scale * whole[id] - score) if id in whole else score for id, score in fused.items()}


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
