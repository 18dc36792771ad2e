"""One question or claim put to the test, each through the functions that `search` and `ask` run through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ragcli import measures, salience, sentences
from ragcli.ask import ask, find
from ragcli.lexical import count_words
from ragcli.reports import Trial
from ragcli.retrieve import search
from ragcli.support import SUPPORTED_FROM, score_claim
from ragcli.types import Answer, Filters, Hit, Outcome, SearchMode, Snippet, Span

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.measures import Entails, Measure
    from ragcli.protocols import Embedder, Reranker, Runtime
    from ragcli.testsets import Claim, Gold, Question

    Idf = Callable[[str], float]

LEAST_HITS: Final = 20
BUDGET_WORDS: Final = 1000
"""Of the passages whose gold characters are counted: what a small context takes."""
SHOWN: Final = 100
_LAYOUT: Final = re.compile(r"[\s\u00ad\ufffe-]+")


@dataclass(frozen=True, slots=True)
class Case:
    """A question on an index: grades by uri, where its gold passages stand, and those that stand nowhere."""

    question: Question
    grades: Mapping[str, int]
    golds: tuple[tuple[str, Span], ...]
    lost: tuple[Gold, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """How `retrieval` searches and what it counts; `names` are the ids of documents by uri."""

    counted: Sequence[Measure]
    names: Mapping[str, str]
    reranker: Reranker
    mode: SearchMode = SearchMode.HYBRID
    history: bool = True


@dataclass(frozen=True, slots=True)
class Asker:
    """How `asked` and `evidence_of` ask."""

    index: Index
    k: int
    runtime: Runtime | None = None
    reranker: Reranker | None = None
    history: bool = True
    enough: float | None = None


def case_of(question: Question, places: Mapping[str, str], index: Index) -> Case:
    """The question with its documents and golds found in the index; one that is not there is never found."""
    grades = {places.get(document, f"\0{document}"): grade for document, grade in question.grades}
    golds, lost = [], []
    for gold in question.golds:
        document = index.store.document(places.get(gold.document, ""))
        span = None if document is None else place(gold, document.text)
        if document is None or span is None:
            lost.append(gold)
        else:
            golds.append((document.uri, span))
    return Case(question, grades, tuple(golds), tuple(lost))


def place(gold: Gold, text: str) -> Span | None:
    """Where a gold passage stands in its document: as stated, else where its text stands with white space and hyphens
    left out, since parsers and line ends differ; None for nowhere."""
    if gold.span is not None and gold.span[1] <= len(text):
        start, end = gold.span
        if not gold.text or text[start:end] == gold.text:
            return gold.span
    wanted = _LAYOUT.sub("", gold.text)
    kept = [at for at, letter in enumerate(text) if not _LAYOUT.match(letter)]
    at = "".join(text[each] for each in kept).find(wanted) if wanted else -1
    return None if at < 0 else (kept[at], kept[at + len(wanted) - 1] + 1)


def retrieval(case: Case, index: Index, how: Search) -> Trial:
    """The measures of the ranking of documents, each by its best snippet, and what the snippets hold of the golds."""
    question = case.question
    depth = max((each.depth for each in how.counted), default=0)
    hits = search(
        question.text,
        index,
        reranker=how.reranker,
        mode=how.mode,
        k=min(measures.DEEPEST, max(LEAST_HITS, 2 * depth)),
        history=question.history if how.history else (),
    )
    found = list(dict.fromkeys(snippet.uri for hit in hits for snippet in (hit.snippet, *hit.copies)))
    values = {each.name: measures.ranked(each, found, case.grades) for each in how.counted}
    values |= _golds_found(case, hits)
    ranking = [(how.names.get(uri, uri), 1 / rank) for rank, uri in enumerate(found, 1)]
    return Trial(question.id, values, shown={"question": question.text, "ranking": ranking})


def _golds_found(case: Case, hits: Sequence[Hit]) -> dict[str, float]:
    """Whether the first snippets hold a gold passage; recall, precision and overlap of gold characters in budget."""
    if not case.golds and not case.lost:
        return {}
    holding = [_holds(case, [_span(snippet) for snippet in (hit.snippet, *hit.copies)]) for hit in hits]
    spans = [_span(snippet) for snippet in _within([hit.snippet for hit in hits])]
    common, taken, wanted = _common(spans, case.golds), _total(spans), _total(case.golds) + _lost(case)
    return {
        "Gold@1": float(any(holding[:1])),
        "Gold@5": float(any(holding[:5])),
        "GoldR@1000w": common / wanted,
        "GoldP@1000w": common / max(1, taken),
        "GoldIoU@1000w": common / (taken + wanted - common),
    }


def _span(snippet: Snippet) -> tuple[str, Span]:
    return snippet.uri, (snippet.start, snippet.end)


def _within(snippets: Sequence[Snippet]) -> Iterator[Snippet]:
    """The first ones, as many as the budget takes."""
    left = BUDGET_WORDS
    for snippet in snippets:
        left -= count_words(snippet.text)
        if left < 0:
            return
        yield snippet


Spans = Sequence[tuple[str, Span]]
"""Spans of documents by uri."""


def _by_uri(spans: Spans) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for uri, span in spans:
        found.setdefault(uri, []).append(span)
    return found


def _total(spans: Spans) -> int:
    return sum(map(measures.length, _by_uri(spans).values()))


def _common(spans: Spans, others: Spans) -> int:
    theirs = _by_uri(others)
    return sum(measures.shared(mine, theirs.get(uri, [])) for uri, mine in _by_uri(spans).items())


def _lost(case: Case) -> int:
    return sum(max(1, len(gold.text)) for gold in case.lost)


def _holds(case: Case, spans: Spans) -> bool:
    """Whether one of the spans holds most of one of the golds."""
    return any(
        _common([span], [gold]) >= measures.MOST * (gold[1][1] - gold[1][0]) for span in spans for gold in case.golds
    )


def asked(case: Case, how: Asker) -> Answer:
    """What the asker's runtime says to the question."""
    assert how.runtime is not None
    return ask(
        case.question.text,
        index=how.index,
        runtime=how.runtime,
        k=how.k,
        reranker=how.reranker,
        history=case.question.history if how.history else (),
        enough=how.enough,
    )


def answer(case: Case, given: Answer, idf: Idf) -> Trial:
    """An answer's words, citations and quotes against the gold ones; whether it came at all."""
    said = given.outcome in (Outcome.ANSWERED, Outcome.UNCITED)
    if case.question.answerable:
        values = _against_gold(case, given, said) | (_as_written(given, idf) if said else {})
    else:
        values = {"Declined": float(not said)}
    return Trial(case.question.id, values, case.question.answerable, given.evidence.score, _shown(given))


def _against_gold(case: Case, given: Answer, said: bool) -> dict[str, float]:
    answers, text = case.question.answers, given.text if said else ""
    values = {"Answered": float(said)}
    if answers:
        values["Contained"] = measures.contained(text, answers)
        values["F1"] = measures.token_f1(text, answers)
        values["EM"] = measures.exact_match(text, answers)
    if case.golds or case.lost:
        quotes = _quotes(given) if said else []
        values["Gold"] = float(_holds(case, quotes))
        values["GoldR"] = max((_common(quotes, [gold]) / (gold[1][1] - gold[1][0]) for gold in case.golds), default=0.0)
        if quotes:
            values["GoldP"] = _common(quotes, case.golds) / max(1, _total(quotes))
    return values


def reading(case: Case, index: Index) -> dict[str, float]:
    """Whether the best-rated sentence of the snippets that hold the golds is the right one, whatever search found."""
    texts = [
        snippet
        for uri in dict.fromkeys(uri for uri, _ in case.golds)
        for snippet in index.store.snippets_of(uri)
        if _common([_span(snippet)], case.golds)
    ]
    likeness = index.tuning.likeness
    rated = salience.score(case.question.text, texts, embedder=index.embedder, idf=index.idf, likeness=likeness)
    if not rated:
        return {}
    best = max(rated, key=lambda sentence: sentence.score)
    snippet = texts[best.number]
    span = (snippet.start + best.start, snippet.start + best.end)
    return {"Sentence@1": float(_holds(case, [(snippet.uri, span)]))}


def _quotes(given: Answer) -> list[tuple[str, Span]]:
    """What of which document the answer cites."""
    cited = (source for citation in given.citations for source in citation.sources)
    return [(source.snippet.uri, (source.support.start, source.support.end)) for source in cited]


def _as_written(given: Answer, idf: Idf) -> dict[str, float]:
    """ALCE's citation recall and precision, and the answer's words."""
    statements = [
        (given.text[start:end], list(dict.fromkeys(_cited_in(given, (start, end)))))
        for start, end in sentences.spans(given.text, 0, len(given.text))
    ]
    recall, precision = measures.citation_quality(statements, entails_by(idf))
    return {"CiteR": recall, "CiteP": precision, measures.WORDS: float(count_words(given.text))}


def _cited_in(given: Answer, span: Span) -> Iterator[str]:
    for citation in given.citations:
        if citation.start < span[1] and citation.end > span[0]:
            yield from (source.snippet.text for source in citation.sources)


def entails_by(idf: Idf, embedder: Embedder | None = None) -> Entails:
    """Entailment as the support check sees it."""
    return lambda claim, texts: score_claim(claim, texts, idf=idf, embedder=embedder) >= SUPPORTED_FROM


def _shown(given: Answer) -> dict[str, Any]:
    return {
        "question": given.question,
        "outcome": given.outcome.value,
        "answer": given.text,
        "quotes": [{"document": uri, "start": start, "end": end} for uri, (start, end) in _quotes(given)],
        "reason": given.evidence.reason,
    }


def evidence_of(case: Case, how: Asker, *, without_gold: bool = False) -> Trial:
    """The evidence for a question; `without_gold` takes its documents away, and counts it as unanswerable."""
    question = case.question
    _, judged = find(
        question.text,
        index=how.index,
        k=how.k,
        filters=Filters(without=tuple(uri for uri, grade in case.grades.items() if grade > 0))
        if without_gold
        else Filters(),
        history=question.history if how.history else (),
        enough=how.enough,
    )
    positive = question.answerable and not without_gold
    values = {"Answered": float(judged.enough)} if positive else {"Declined": float(not judged.enough)}
    id = f"{question.id} without gold" if without_gold else question.id
    return Trial(id, values, positive, judged.score, {"question": question.text, "reason": judged.reason})


def support(claim: Claim, idf: Idf, embedder: Embedder | None) -> Trial:
    """How well a claim's evidence carries it, by the support check."""
    score = score_claim(claim.text, claim.evidence, idf=idf, embedder=embedder)
    carried = score >= SUPPORTED_FROM
    positive = claim.label == "supported"
    values = {"Accepted": float(carried)} if positive else {"Refused": float(not carried)}
    return Trial(claim.id, values, positive, score, {"claim": claim.text, "label": claim.label})
