"""Whether a cited snippet carries a claim, and in which characters: verbatim first, then by weighted overlap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ragcli import quantities, sentences
from ragcli.lexical import content_terms
from ragcli.quantities import Quantity
from ragcli.salience import credit, stems, term_weights
from ragcli.types import Citation, Cited, Snippet, Support, SupportStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ragcli.protocols import Embedder
    from ragcli.types import Mark, Span

    Idf = Callable[[str], float]

SUPPORTED_FROM: Final = 0.7
PARTIAL_FROM: Final = 0.3
MAX_SENTENCES: Final = 3
MAX_PLACES: Final = 20
"""Verbatim places that are compared with the claim's sentence."""
GAIN: Final = 0.08
"""A further sentence joins the quote when it carries at least this share of the claim."""

UNMATCHED_NUMBER: Final = 0.7
UNMATCHED_NAME: Final = 0.85
NEGATION_FLIP: Final = 0.85

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NEGATIONS: Final = frozenset(
    (
        "not no never none nor neither without cannot nicht kein keine keinen keiner keinem nie niemals ohne weder"
        " nunca sin ningún ninguna tampoco pas jamais aucun aucune sans ne не нет никогда без ни"
    ).split()
)
_OPPOSITES: Final = tuple(
    (frozenset(a.split()), frozenset(b.split()))
    for a, b in (
        ("increase increases increased increasing raises raised higher more greater elevated enhances enhanced",
         "decrease decreases decreased decreasing reduces reduced lower less fewer declined inhibits inhibited"),
        ("before earlier vor", "after later nach"),
        ("first oldest erste ersten", "last newest letzte letzten"),
        ("largest biggest most größte größten", "smallest least kleinste kleinsten"),
        ("steigt stieg gestiegen höher mehr erhöht", "sinkt sank gesunken niedriger weniger verringert"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a source must carry: terms with weights, numbers as readings, names, polarity, words."""

    weights: dict[str, float]
    numbers: tuple[Quantity, ...]
    names: frozenset[str]
    words: frozenset[str]


def check(text: str, marks: Sequence[Mark], snippets: Sequence[Snippet], *, idf: Idf) -> tuple[Citation, ...]:
    """The answer's marks as citations, each source located and judged; `citation.text == text[start:end]`.

    Numbers that name no snippet are left out, and so is a mark that is left without sources.
    """
    around = sentences.spans(text, 0, len(text))
    found = []
    for mark in marks:
        claim = text[mark.start : mark.end]
        context = " ".join(text[start:end] for start, end in around if start < mark.end and end > mark.start)
        sources = tuple(
            Cited(number, snippets[number], locate(claim, snippets[number], idf=idf, context=context))
            for number in dict.fromkeys(mark.numbers)
            if 0 <= number < len(snippets)
        )
        if sources and claim:
            found.append(Citation(mark.start, mark.end, claim, sources))
    return tuple(found)


def locate(claim: str, snippet: Snippet, *, idf: Idf, context: str = "") -> Support:
    """The span of the snippet that carries the claim, in `document.text` offsets, and how well it does.

    `context` is the answer's sentence around the claim: it chooses among several places, and a fragment
    that is there word for word is supported only as far as its sentence is. Without any overlap the span
    is the whole snippet.
    """
    spans = sentences.spans(snippet.text, 0, len(snippet.text)) or [(0, len(snippet.text))]
    header = " ".join(value for key, value in snippet.fields if key != "text")
    exact = _verbatim(claim, snippet.text)
    whole = _read(context or claim, idf)
    if exact:
        start, end = max(exact[:MAX_PLACES], key=lambda at: _fit(whole, snippet.text, _touched(spans, at, 0)))
        around = snippet.text[slice(*_touched(spans, (start, end), 1))]
        score = _share(whole, _stems(around + "\n" + header))
        fragment = len(context.split()) > 2 * len(claim.split())
        supported = not fragment or score >= PARTIAL_FROM
        status = SupportStatus.SUPPORTED if supported else SupportStatus.PARTIAL
        score = round(score, 4) if fragment else 1.0
        return Support(status, "exact", score, snippet.start + start, snippet.start + end)
    wanted = whole if not content_terms(claim) else _read(claim, idf)
    share, (start, end) = _best_window(wanted, snippet.text, spans, header)
    whole_text = snippet.text + "\n" + header
    share = (share + _share(wanted, _stems(whole_text))) / 2
    factor = _agreement(wanted, snippet.text[start:end], whole_text)
    status = _status(share, factor)
    return Support(status, "overlap", round(share * factor, 4), snippet.start + start, snippet.start + end)


def score_claim(claim: str, evidence: Sequence[str], *, idf: Idf, embedder: Embedder | None = None) -> float:
    """How well texts together carry a claim, 0..1; `embedder` finds other words for the same where it is given."""
    text = "\n\n".join(evidence)
    return locate(claim, Snippet(0, "", 0, "", 0, len(text), text, (), (1, 1)), idf=idf).score


def _status(share: float, factor: float) -> SupportStatus:
    if share >= SUPPORTED_FROM and factor == 1.0:
        return SupportStatus.SUPPORTED
    return SupportStatus.PARTIAL if share * factor >= PARTIAL_FROM else SupportStatus.UNSUPPORTED


def _verbatim(claim: str, text: str) -> list[Span]:
    """Every place where `claim` stands in `text` as whole words, any run of white space alike."""
    needle = " ".join(claim.split())
    if not needle:
        return []
    squeezed: list[str] = []
    at: list[int] = []
    for match in re.finditer(r"\s+|\S+", text):
        piece = " " if match.group().isspace() else match.group()
        squeezed.append(piece)
        at.extend(range(match.start(), match.start() + len(piece)))
    hay, places, found = "".join(squeezed), [], 0
    while (found := hay.find(needle, found)) >= 0:
        if _whole(hay, found, found + len(needle)):
            places.append((at[found], at[found + len(needle) - 1] + 1))
        found += len(needle)
    return places


def _whole(text: str, start: int, end: int) -> bool:
    """No word or number is cut by the edges; scripts without spaces have no such edges."""

    def joins(left: str, right: str) -> bool:
        return left.isalnum() and right.isalnum() and ord(left) < 0x0E00 and ord(right) < 0x0E00

    if start and joins(text[start - 1], text[start]):
        return False
    if start > 1 and text[start].isdigit() and text[start - 1] in ".," and text[start - 2].isdigit():
        return False
    return not (end < len(text) and joins(text[end - 1], text[end]))


def _touched(spans: Sequence[Span], at: Span, more: int) -> Span:
    """The sentences that `at` touches and `more` on each side."""
    touched = [i for i, (start, end) in enumerate(spans) if start < at[1] and end > at[0]]
    if not touched:
        return at
    return spans[max(0, touched[0] - more)][0], spans[min(len(spans) - 1, touched[-1] + more)][1]


def _fit(wanted: _Claim, text: str, span: Span) -> float:
    return _share(wanted, _stems(text[slice(*span)]))


def _best_window(wanted: _Claim, text: str, spans: Sequence[Span], header: str) -> tuple[float, Span]:
    """The one to three consecutive sentences that carry most of the claim for their length."""
    titles = _stems(header)
    each = [_stems(text[start:end]) for start, end in spans]
    own = [_share(wanted, there) for there in each]
    best, chosen, reward = 0.0, (0, len(text)), 0.0
    for first in range(len(spans)):
        there = set(titles)
        for last in range(first, min(len(spans), first + MAX_SENTENCES)):
            there |= each[last]
            if not own[first] or not own[last]:
                continue
            share = _share(wanted, there)
            if share - GAIN * (last - first) > reward:
                best, chosen, reward = share, (spans[first][0], spans[last][1]), share - GAIN * (last - first)
    return best, chosen


def _stems(text: str) -> set[str]:
    """The terms of a text as `salience.stems` has them, and its numbers' readings marked by "#"."""
    return stems(text) | {"#" + reading for stated in quantities.find(text) for reading in _readings(stated)}


def _share(wanted: _Claim, there: set[str]) -> float:
    """How much of the claim's weight stands in a text: 0..1."""
    total = sum(wanted.weights.values())
    held = 0.0
    for term, weight in wanted.weights.items():
        if term[0] == "#":
            held += 0.0 if there.isdisjoint("#" + one for one in term[1:].split("|")) else weight
        else:
            held += weight * credit(term, there)
    return held / total if total else 0.0


def _read(claim: str, idf: Idf) -> _Claim:
    """Numbers weigh as one term "#a|b" of all their readings, however they are written."""
    weights = {term: weight for term, weight in term_weights(claim, idf).items() if not term[0].isdigit()}
    numbers = tuple(
        each for each in quantities.find(claim) if any(letter.isdigit() for letter in claim[each.start : each.end])
    )
    usual = sum(weights.values()) / len(weights) if weights else 1.0
    weights.update({"#" + "|".join(_readings(number)): usual for number in numbers})
    return _Claim(weights, numbers, _names(_WORD.findall(claim)), _folded(claim))


def _readings(number: Quantity) -> list[str]:
    return sorted(f"{value.normalize():f}" for value in number.values)


def _names(words: Sequence[str]) -> frozenset[str]:
    """Casefolded words that are written like names. Where every third word is capitalised (German), only
    those with a capital inside count."""
    later = words[1:]
    capital = [word for word in later if word[0].isupper() and len(word) > 1]
    if 3 * len(capital) > len(later):
        capital = [word for word in words if any(letter.isupper() for letter in word[1:])]
    return frozenset(word.casefold() for word in capital)


def _agreement(wanted: _Claim, quote: str, whole: str) -> float:
    """1.0 when numbers with their units and names stand in `whole` and the quote has the claim's polarity."""
    folded, known, there = _folded(quote), _folded(whole), quantities.find(whole)
    factor = 1.0
    if not all(any(quantities.same(number, other) for other in there) for number in wanted.numbers):
        factor *= UNMATCHED_NUMBER
    if not wanted.names <= known:
        factor *= UNMATCHED_NAME
    if _negated(wanted.words) != _negated(folded) or _opposed(wanted.words, folded):
        factor *= NEGATION_FLIP
    return factor


def _folded(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))


def _negated(words: Iterable[str]) -> bool:
    return any(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words)


def _opposed(claim: frozenset[str], quote: frozenset[str]) -> bool:
    """One side says "increase", the other only "decrease", or another such pair."""
    return any(
        (claim & one and quote & other and not quote & one) or (claim & other and quote & one and not quote & other)
        for one, other in _OPPOSITES
    )
