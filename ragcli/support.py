"""Whether a cited snippet carries a claim, and in which characters: verbatim first, then by what speaks for it."""

from __future__ import annotations

import math
from dataclasses import astuple, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ragcli import claims, polarity, quantities, sentences, verbatim
from ragcli.lexical import content_terms
from ragcli.record import record
from ragcli.types import Citation, Cited, Support, SupportStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragcli.claims import Claim, Row
    from ragcli.protocols import Embedder, Entailer, Vectors
    from ragcli.quantities import Quantity
    from ragcli.types import Mark, Snippet, Span

    Idf = Callable[[str], float]

SUPPORTED_FROM: Final = 0.5
PARTIAL_FROM: Final = 0.25
AGAINST_FROM: Final = 0.5
"""Scores are odds that a claim is supported, were half of all claims so; from AGAINST_FROM on a source contradicts."""
FRAGMENT_FROM: Final = 0.3
"""Share of a sentence that must be held, so that a fragment of it that is there word for word is supported."""
MAX_SENTENCES: Final = 3
MAX_PLACES: Final = 20
"""Verbatim places that are compared with the claim's sentence."""
MAX_READ: Final = 24
"""Sentences, those that share most with the claim, that an embedder reads."""
GAIN: Final = 0.08
"""A further sentence joins the quote when it carries at least this share of the claim."""
COMPARED: Final = 3
"""Sentences whose direction is compared with the claim's."""

BY_WORDS: Final = (-2.3, 1.5, 2.8, -1.2, -0.3, -0.7)
BY_STATES: Final = (-2.8, 1.9, 2.7, -1.2, -0.2, -0.9)
"""Bias and the weights of `Signs` in log-odds, without and with an embedder (benchmarks/fit_support.py)."""


@record
class Signs:
    """What speaks for and against a claim: the share of it that the whole text and its best sentences hold (0..1),
    roots of the counts of numbers and names that are nowhere, and how far the text goes the other way (0..1)."""

    whole: float
    near: float
    numbers: float
    names: float
    against: float

    def score(self, weights: Sequence[float]) -> float:
        """0..1; 0 where the text shares nothing with the claim."""
        odds = weights[0] + sum(weight * sign for weight, sign in zip(weights[1:], astuple(self), strict=True))
        return round(1 / (1 + math.exp(-odds)), 4) if self.whole else 0.0


class Source:
    """A text to be checked against, read once for all its claims. `header` is what it stands under."""

    def __init__(self, text: str, header: str = "", embedder: Embedder | None = None) -> None:
        self.text, self.header, self.embedder = text, header, embedder
        self.spans = sentences.spans(text, 0, len(text)) or [(0, len(text))]
        self._states: dict[int, Vectors] = {}

    @cached_property
    def each(self) -> list[set[str]]:
        """What each sentence holds."""
        return [claims.held(self.text[start:end]) for start, end in self.spans]

    @cached_property
    def titles(self) -> set[str]:
        """What the header holds."""
        return claims.held(self.header)

    @cached_property
    def there(self) -> set[str]:
        """What all of it holds."""
        return claims.held(self.text + "\n" + self.header)

    @cached_property
    def stated(self) -> list[Quantity]:
        """The numbers of all of it."""
        return quantities.find(self.text + "\n" + self.header)

    def states(self, chosen: Sequence[int]) -> list[Vectors]:
        """The token states of some of its sentences; empty without an embedder."""
        if self.embedder is None:
            return []
        unread = [at for at in chosen if at not in self._states]
        texts = [self.text[slice(*self.spans[at])] for at in unread]
        self._states.update(zip(unread, (states for _, states in self.embedder.token_states(texts)), strict=True))
        return [self._states[at] for at in chosen]


def check(
    text: str, marks: Sequence[Mark], snippets: Sequence[Snippet], *, idf: Idf, embedder: Embedder | None = None
) -> tuple[Citation, ...]:
    """The answer's marks as citations, each source located and judged; `citation.text == text[start:end]`.

    Numbers that name no snippet are left out, and so is a mark that is left without sources.
    """
    around = sentences.spans(text, 0, len(text))
    known: dict[int, Source] = {}
    found = []
    for mark in marks:
        claim = text[mark.start : mark.end]
        context = _context(text, around, mark.start, mark.end)
        sources = []
        for number in dict.fromkeys(mark.numbers):
            if 0 <= number < len(snippets):
                source = known.setdefault(number, _source(snippets[number], embedder))
                support = _locate(claim, source, snippets[number].start, idf=idf, context=context)
                sources.append(Cited(number, snippets[number], support))
        if sources and claim:
            found.append(Citation(mark.start, mark.end, claim, tuple(sources)))
    return tuple(found)


def locate(claim: str, snippet: Snippet, *, idf: Idf, context: str = "", embedder: Embedder | None = None) -> Support:
    """The span of the snippet that carries the claim, in `document.text` offsets, and how well it does.

    `context` is the answer's sentence around the claim: it chooses among several places, and a fragment
    that is there word for word is supported only as far as its sentence is. Without any overlap the span
    is the whole snippet.
    """
    return _locate(claim, _source(snippet, embedder), snippet.start, idf=idf, context=context)


def by_inference(text: str, citations: Sequence[Citation], entailer: Entailer) -> tuple[Citation, ...]:
    """The citations of an answer's text judged by a model of inference: each source against the sentences that cite
    it. What stands in a source word for word, and what quote is shown, stays as it is."""
    around = sentences.spans(text, 0, len(text))

    def judged(citation: Citation) -> Citation:
        said = _context(text, around, citation.start, citation.end)
        sources = [
            replace(each, support=inferred(each.support, each.snippet, said, entailer)) for each in citation.sources
        ]
        return replace(citation, sources=tuple(sources))

    return tuple(map(judged, citations))


def inferred(support: Support, snippet: Snippet, claim: str, entailer: Entailer) -> Support:
    """A check as a model of inference has it; a verbatim one stays. The thresholds are odds of a model as well, and
    what it calls contradicted is unsupported."""
    if support.method == "exact":
        return support
    text = "\n".join(part for part in (_header(snippet), snippet.text) if part)
    [(follows, contradicted)] = entailer.judge([(text, claim)])
    status = SupportStatus.SUPPORTED if follows >= SUPPORTED_FROM else SupportStatus.PARTIAL
    if follows < PARTIAL_FROM or contradicted > max(follows, SUPPORTED_FROM):
        status = SupportStatus.UNSUPPORTED
    return replace(support, status=status, method="inference", score=round(follows, 4))


def score_claim(claim: str, evidence: Sequence[str], *, idf: Idf, embedder: Embedder | None = None) -> float:
    """How well texts together carry a claim: the odds as 0..1, comparable between claims. An embedder finds what is
    said in other words."""
    return _judge(claims.read(claim, idf, embedder), source_of(evidence, embedder))[0]


def source_of(evidence: Sequence[str], embedder: Embedder | None = None) -> Source:
    """Texts as one source; no sentence runs on from one to the next."""
    return Source("\n\n".join(evidence), embedder=embedder)


def signs(claim: Claim, source: Source) -> tuple[Signs, Span]:
    """What speaks for and against a claim, and the sentences of the source that carry most of it."""
    rows = [claims.row(claim, there) for there in source.each]
    if claim.states is not None:
        lexical = [claims.share(claim, row) for row in rows]
        chosen = sorted(sorted(range(len(rows)), key=lambda at: -lexical[at])[:MAX_READ])
        for at, states in zip(chosen, source.states(chosen), strict=True):
            rows[at] = claims.both((rows[at], claims.alike(claim, states)))
    titles = claims.row(claim, source.titles)
    shares = [claims.share(claim, row) for row in rows]
    near, span = _best_window(claim, rows, shares, titles, source)
    whole = claims.share(claim, claims.both((titles, claims.row(claim, source.there), *rows)))
    top = sorted(range(len(rows)), key=lambda at: -shares[at])[:COMPARED]
    weights = dict(zip(claim.units, claim.weights, strict=True))

    def weigh(word: str) -> float:
        return max((weights.get(term, 0.0) for term in content_terms(word)), default=0.0)

    said = [(source.text[slice(*source.spans[at])], shares[at]) for at in top]
    lost = claims.lost_numbers(claim, source.stated, source.there), claims.lost_names(claim, source.there)
    return Signs(whole, near, lost[0] ** 0.5, lost[1] ** 0.5, polarity.against(claim.text, said, weigh)), span


def _header(snippet: Snippet) -> str:
    return " ".join(value for key, value in snippet.fields if key != "text")


def _context(text: str, around: Sequence[Span], start: int, end: int) -> str:
    """The sentences that a span of the answer touches."""
    return " ".join(text[first:last] for first, last in around if first < end and last > start)


def _source(snippet: Snippet, embedder: Embedder | None) -> Source:
    return Source(snippet.text, _header(snippet), embedder)


def _judge(claim: Claim, source: Source) -> tuple[float, SupportStatus, Span]:
    """A number or name that is nowhere, or a source that says the opposite, leaves a claim partial at most."""
    found, span = signs(claim, source)
    score = found.score(BY_WORDS if claim.states is None else BY_STATES)
    flawed = found.numbers or found.names or found.against >= AGAINST_FROM
    if score >= SUPPORTED_FROM and not flawed:
        return score, SupportStatus.SUPPORTED, span
    return score, SupportStatus.PARTIAL if score >= PARTIAL_FROM else SupportStatus.UNSUPPORTED, span


def _locate(claim: str, source: Source, offset: int, *, idf: Idf, context: str) -> Support:
    exact = verbatim.places(claim, source.text)
    if not exact:
        read = claims.read(claim if content_terms(claim) else context or claim, idf, source.embedder)
        score, status, (start, end) = _judge(read, source)
        method = "overlap" if source.embedder is None else "similarity"
        return Support(status, method, score, offset + start, offset + end)
    whole = claims.read(context or claim, idf)
    start, end = max(exact[:MAX_PLACES], key=lambda at: _fit(whole, source.text[slice(*_touched(source.spans, at, 0))]))
    around = source.text[slice(*_touched(source.spans, (start, end), 1))]
    share = _fit(whole, around + "\n" + source.header)
    fragment = len(context.split()) > 2 * len(claim.split())
    supported = not fragment or share >= FRAGMENT_FROM
    status = SupportStatus.SUPPORTED if supported else SupportStatus.PARTIAL
    return Support(status, "exact", round(share, 4) if fragment else 1.0, offset + start, offset + end)


def _touched(spans: Sequence[Span], at: Span, more: int) -> Span:
    """The sentences that `at` touches and `more` on each side."""
    touched = [i for i, (start, end) in enumerate(spans) if start < at[1] and end > at[0]]
    if not touched:
        return at
    return spans[max(0, touched[0] - more)][0], spans[min(len(spans) - 1, touched[-1] + more)][1]


def _fit(wanted: Claim, text: str) -> float:
    return claims.share(wanted, claims.row(wanted, claims.held(text)))


def _best_window(
    claim: Claim, rows: Sequence[Row], shares: Sequence[float], titles: Row, source: Source
) -> tuple[float, Span]:
    """The most that one to three consecutive sentences hold, and those that hold most for their number."""
    best, chosen, reward = 0.0, (0, len(source.text)), 0.0
    for first in range(len(rows)):
        holds = titles
        for last in range(first, min(len(rows), first + MAX_SENTENCES)):
            holds = claims.both((holds, rows[last]))
            share = claims.share(claim, holds)
            best = max(best, share)
            if shares[first] and shares[last] and share - GAIN * (last - first) > reward:
                chosen, reward = (source.spans[first][0], source.spans[last][1]), share - GAIN * (last - first)
    return best, chosen
