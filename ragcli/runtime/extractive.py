"""Answers without a model: the fewest verbatim sentences that answer, in Command-R's own completion grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ragcli import salience
from ragcli.citations import write
from ragcli.lexical import content_terms
from ragcli.tuning import Tuning
from ragcli.types import Finish, Mark, Model, Piece

if TYPE_CHECKING:
    from ragcli.protocols import Embedder
    from ragcli.salience import Sentence
    from ragcli.types import Prompt, Sampling, Snippet

Idf = Callable[[str], float]

CONTEXT_TOKENS: Final = 1 << 20
PIECE_CHARS: Final = 80
DECLINED: Final = "The documents do not answer this question."

MAX_SENTENCES: Final = 3
MAX_ITEMS: Final = 12
LEAST_SOFT: Final = 0.25
LEAST_COVERAGE: Final = 0.1
"""A best sentence below both is not worth showing."""
MARGIN: Final = 3.5
"""How far behind the best, in log-odds, a second sentence may be; a third by the square root of two less. On XQuAD en
the gold sentence is among them for 94 %, in about 55 words."""
COVER: Final = 2.0
"""What newly covering all of the question is worth, in log-odds."""
RELEVANT: Final = 2.5
"""How far behind the best sentence a snippet's best may be for it to count as relevant."""
WORDS_TO_SHARE: Final = 4
"""Content words a sentence must have for another snippet to be cited because it holds them all."""

_ITEM: Final = re.compile(r"(?:[-*+•‣▪●◦–·]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_ROW: Final = re.compile(r"\s*\|.*\|\s*\Z", re.DOTALL)
_RULE: Final = re.compile(r"[\s|:+=-]*\Z")


def create(
    rest: str, *, embedder: Embedder, idf: Idf, tuning: Callable[[], Tuning] = Tuning, **_: object
) -> ExtractiveRuntime:
    """`rest` is not used; `idf` and `tuning` are the index's."""
    return ExtractiveRuntime(embedder, idf, tuning)


class ExtractiveRuntime:
    """Chooses sentences by salience and cites every snippet that holds them."""

    name = "extractive"
    context_tokens = CONTEXT_TOKENS
    model: Model | None = None

    def __init__(self, embedder: Embedder, idf: Idf, tuning: Callable[[], Tuning] = Tuning) -> None:
        self._embedder = embedder
        self._idf = idf
        self._tuning = tuning

    def count_tokens(self, text: str) -> int:
        """How many words between whitespace."""
        return len(text.split())

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        """A completion in pieces; `Cited Documents: None` when no sentence is worth showing."""
        likeness = self._tuning().likeness
        found = salience.score(
            prompt.question, prompt.snippets, embedder=self._embedder, idf=self._idf, likeness=likeness
        )
        weights = salience.term_weights(prompt.question, self._idf)
        chosen = choose(found, prompt.snippets, weights)
        while len(chosen) > 1 and sum(s.end - s.start for s in chosen) > 4 * sampling.max_tokens:
            chosen.pop()
        text, marks = compose(chosen, found, prompt.snippets)
        cited = sorted({number for mark in marks for number in mark.numbers})
        best = max((s.score for s in chosen), default=0.0)
        near = {s.number for s in found if chosen and s.score >= best - RELEVANT}
        completion = write(text, marks, mode=prompt.mode, relevant=sorted(near.union(cited)), cited=cited)
        counts = (
            self.count_tokens("".join(segment.text for segment in prompt.segments)),
            self.count_tokens(completion),
        )
        for at in range(0, len(completion) - PIECE_CHARS, PIECE_CHARS):
            yield Piece(completion[at : at + PIECE_CHARS])
        last = (len(completion) - 1) // PIECE_CHARS * PIECE_CHARS
        yield Piece(completion[last:], Finish.STOP, *counts)


def choose(found: Sequence[Sentence], snippets: Sequence[Snippet], weights: dict[str, float]) -> list[Sentence]:
    """The best sentence, and up to two more while they are nearly as good or cover more of the question."""
    ranked = sorted(found, key=lambda s: (-s.score, s.number, s.start))
    if not ranked or (ranked[0].soft * ranked[0].reliable < LEAST_SOFT and ranked[0].coverage < LEAST_COVERAGE):
        return []
    total = sum(weights.values()) or 1.0
    chosen = [ranked.pop(0)]
    best, covered = chosen[0].score, _terms(chosen[0], snippets)
    while ranked and len(chosen) < MAX_SENTENCES:
        worth = [
            s.score - best + COVER * sum(weights.get(term, 0.0) for term in _terms(s, snippets) - covered) / total
            for s in ranked
        ]
        top = max(range(len(ranked)), key=worth.__getitem__)
        if worth[top] < -MARGIN / len(chosen) ** 0.5:
            break
        chosen.append(ranked.pop(top))
        covered |= _terms(chosen[-1], snippets)
    return chosen


def compose(
    chosen: Sequence[Sentence], found: Sequence[Sentence], snippets: Sequence[Snippet]
) -> tuple[str, list[Mark]]:
    """The answer's text and its marks: snippets in order of their best sentence, sentences in document order."""
    if not chosen:
        return DECLINED, []
    order = {number: at for at, number in reversed(list(enumerate(s.number for s in chosen)))}
    lines = {(s.number, s.start, s.end) for s in chosen}
    for s in chosen:
        lines |= {(s.number, start, end) for start, end in _items(s, found, snippets[s.number].text)}
    squeezed = [_squeeze(snippet.text) for snippet in snippets]
    terms = [set(content_terms(snippet.text)) for snippet in snippets]
    text, marks, seen, header = "", [], set[str](), ""
    for number, start, end in sorted(lines, key=lambda line: (order[line[0]], line[1])):
        source = snippets[number].text
        line = re.sub(r"\s*\n\s*", " ", source[start:end])
        if _squeeze(line) in seen:
            continue
        seen.add(_squeeze(line))
        above = _header(source, start) if _ROW.match(line) else ""
        if above and above != header:
            text += ("\n" if text else "") + above
        header = above
        if text:
            text += "\n" if above or _ITEM.match(line) else " "
        marks.append(Mark(len(text), len(text) + len(line), _holders(line, number, squeezed, terms)))
        text += line
    return text, marks


def _terms(sentence: Sentence, snippets: Sequence[Snippet]) -> set[str]:
    return set(content_terms(snippets[sentence.number].text[sentence.start : sentence.end]))


def _items(sentence: Sentence, found: Sequence[Sentence], text: str) -> list[tuple[int, int]]:
    """The list items that follow a sentence that ends with a colon."""
    if not text[: sentence.end].endswith((":", "：")):
        return []
    items: list[tuple[int, int]] = []
    for other in found:
        if other.number == sentence.number and other.start >= sentence.end and len(items) < MAX_ITEMS:
            if not _ITEM.match(text, other.start):
                break
            items.append((other.start, other.end))
    return items


def _header(text: str, start: int) -> str:
    """The first row of the table that the row at `start` lies in; "" if that row is the first."""
    rows: list[str] = []
    for line in reversed(text[:start].splitlines()):
        if not _ROW.match(line):
            break
        rows.append(line.strip())
    return "" if not rows or _RULE.match(rows[-1]) else rows[-1]


def _holders(line: str, own: int, squeezed: Sequence[str], terms: Sequence[set[str]]) -> tuple[int, ...]:
    """The numbers of the snippets that have the sentence word for word, or all of its words when it has enough."""
    needle, wanted = _squeeze(line), set(content_terms(line))
    return tuple(
        number
        for number, (text, there) in enumerate(zip(squeezed, terms, strict=True))
        if number == own or needle in text or (len(wanted) >= WORDS_TO_SHARE and wanted <= there)
    )


def _squeeze(text: str) -> str:
    return " ".join(text.split())
