"""How much each sentence of the found snippets looks like the answer: token MaxSim, words, answer type, rank."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ragcli import asks, dates, sentences
from ragcli.lexical import content_terms, terms
from ragcli.tuning import DEFAULT
from ragcli.windows import SPECIAL_TOKENS, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragcli.asks import Asked
    from ragcli.protocols import Embedder, Vectors
    from ragcli.types import Snippet, Span

    Idf = Callable[[str], float]

READ_FROM: Final = 1.2
READ_FULLY: Final = 2.2
"""Characters per token from which an embedder reads words at all, and from which it does so well."""
HEADING_CHARS: Final = 60
LEAD: Final = 5.0
"""What a heading or a question loses, in log-odds: it is no answer."""
HANDED_ON: Final = 1.0
"""How far behind a heading or a question the next sentence is at most."""
LEAST_WEIGHT: Final = 0.1
WEIGHTY: Final = 0.6
STEM_LETTERS: Final = 5
STEM_CREDIT: Final = 0.6
"""XQuAD de and es, AUROC of the coverage by the best passage: .873 -> .904, .901 -> .926; en .940 -> .937."""
WEIGHTS: Final = {
    "maxsim": 5.7, "soft": 4.7, "cosine": 3.4, "setting": 3.2,
    "coverage": 3.0, "unread": 4.0, "context": 3.5, "kind": 0.5, "rank": 0.6,
}  # fmt: skip
"""Conditional logit over the sentences of five passages: XQuAD en + de, 400 questions, 4-fold the same."""

_LEAD: Final = re.compile(r"#{1,6}\s|```|~~~|[\s|:+=*-]*\Z|\[[^\]]*\]\Z")
_UNDERLINED: Final = re.compile(r"\n[^\S\n]*+(?=[-|:+=~]{3})[-|:+=~ \t]++(?:\n|\Z)")
_BLANK_BEFORE: Final = re.compile(r"(?:\A|\n[^\S\n]*+\n)\s*+\Z")
_BLANK_AFTER: Final = re.compile(r"[^\S\n]*+\n[^\S\n]*+\n")
_ITEM: Final = re.compile(r"[-*+•‣▪●◦–·]\s|\(?(?:\d{1,3}|[A-Za-z])[.)]\s")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, `snippets[number].text[start:end]`, and its features, about 0..1 except `kind` (-1, 0, 1).

    `soft` is MaxSim weighted by IDF, `setting` the same over the whole snippet, `weakest` that of the question's
    weighty word that is worst matched there; `coverage` is the share of the question's IDF mass that stands in the
    sentence, `context` in its snippet with title and section; `reliable` is how far the embedder reads the
    question's script. `score` is in log-odds: a difference of 1 is odds of e. `announces`: it is a heading or a
    question, and the next one says what it is about.
    """

    number: int
    start: int
    end: int
    maxsim: float
    soft: float
    cosine: float
    setting: float
    weakest: float
    coverage: float
    context: float
    kind: int
    reliable: float
    score: float
    announces: bool = False


def score(
    question: str, snippets: Sequence[Snippet], *, embedder: Embedder, idf: Idf, likeness: float = DEFAULT.likeness
) -> list[Sentence]:
    """Every sentence of the snippets in order, `score` higher is better and comparable within one question."""
    asked = _Question.of(question, embedder, idf)
    read = [sentence for number, snippet in enumerate(snippets) for sentence in _of_snippet(asked, number, snippet)]
    return weigh(read, likeness)


def weigh(read: Sequence[Sentence], likeness: float = DEFAULT.likeness) -> list[Sentence]:
    """The sentences of one question, in order, with their `score` by the weights of `Tuning.likeness`."""
    found: list[Sentence] = []
    lead = 0.0
    for sentence in read:
        if found and found[-1].number != sentence.number:
            lead = 0.0
        own = _odds(sentence, likeness)
        rated = own - LEAD if sentence.announces else max(own, lead)
        lead = own - HANDED_ON if rated < own else 0.0
        found.append(replace(sentence, score=rated))
    return found


def _odds(read: Sentence, likeness: float) -> float:
    """The embedder's share fades where it reads single characters, and words make up for it."""
    w = WEIGHTS
    dense = w["maxsim"] * read.maxsim + w["soft"] * read.soft + w["cosine"] * read.cosine + w["setting"] * read.setting
    lexical = (w["coverage"] + (1.0 - read.reliable) * w["unread"]) * read.coverage + w["context"] * read.context
    said = likeness * read.reliable * dense + (2.0 * DEFAULT.likeness - likeness) * lexical
    return said + w["kind"] * read.kind - w["rank"] * read.number


def _of_snippet(asked: _Question, number: int, snippet: Snippet) -> list[Sentence]:
    header = " ".join(value for key, value in snippet.fields if key != "text")
    context = asked.covered(snippet.text + "\n" + header)
    spans = sentences.spans(snippet.text, 0, len(snippet.text))
    columns = next((value for key, value in snippet.fields if key == "columns"), "")
    similar, setting, weakest = asked.similar(snippet.text, spans, columns)
    names = _names(snippet)
    return [
        Sentence(
            *(number, start, end, maxsim, soft, cosine, setting, weakest),
            coverage=asked.covered(snippet.text[start:end]),
            context=context,
            kind=asks.answers(asked.asked, snippet.text[start:end]),
            reliable=asked.reliable,
            score=0.0,
            announces=_is_lead(snippet.text, start, end, names),
        )
        for (start, end), (maxsim, soft, cosine) in zip(spans, similar, strict=True)
    ]


def _is_lead(text: str, start: int, end: int, names: set[str]) -> bool:
    """Whether a sentence only announces the next one: a heading, a question, a table's head or rule. `names` are
    the document's title and the snippet's sections, folded."""
    if _LEAD.match(text, start, end) or _UNDERLINED.match(text, end) or text[end - 1 : end] in "?？؟":
        return True
    if text[start:end].casefold() in names:
        return True
    alone = end - start < HEADING_CHARS and _BLANK_BEFORE.search(text, max(0, start - 80), start) is not None
    below = _BLANK_AFTER.match(text, end)
    if not alone or below is None or ":" in text[start:end] or not text[end - 1].isalnum():
        return False
    if _ITEM.match(text, start, end):
        return text[start].isdigit() and _ITEM.match(text, below.end()) is None
    longer = text.find("\n", below.end(), below.end() + end - start) < 0
    return text[end - 1].isalpha() or longer


def _names(snippet: Snippet) -> set[str]:
    """The document's title and the names on the way to the snippet's section, folded."""
    values = (value for key, value in snippet.fields if key in ("title", "section"))
    return {part.casefold() for value in values for part in (value, *value.split(" > "))}


@dataclass(frozen=True, slots=True)
class _Question:
    """A question read once: terms with weights, token states with weights, what kind of answer it asks for."""

    weights: dict[str, float]
    asked: Asked
    embedder: Embedder
    vector: Vectors
    states: Vectors
    shares: list[float]
    weighty: list[list[int]]
    reliable: float

    @classmethod
    def of(cls, question: str, embedder: Embedder, idf: Idf) -> _Question:
        spans, states = embedder.token_states([question])[0]
        weights = term_weights(question, idf)
        shares, weighty = _token_shares(question, spans, weights)
        letters = sum(end - start for start, end in spans) / max(1, len(spans))
        return cls(
            weights,
            asks.read(question),
            embedder,
            embedder.query(question),
            states,
            shares,
            weighty,
            min(1.0, max(0.0, (letters - READ_FROM) / (READ_FULLY - READ_FROM))),
        )

    def covered(self, text: str) -> float:
        """The share of the question's IDF mass that stands in `text`."""
        total = sum(self.weights.values())
        there = stems(text)
        return sum(weight * credit(term, there) for term, weight in self.weights.items()) / total if total else 0.0

    def similar(
        self, text: str, spans: Sequence[Span], columns: str
    ) -> tuple[list[tuple[float, float, float]], float, float]:
        """Per span MaxSim, the same by the tokens' shares, and late cosine (mean of states in context); then, over
        the whole text and the columns it stands in, the second, and the least of a weighty word."""
        parts = readable(spans, self.embedder.token_spans(text), self.embedder.max_tokens - SPECIAL_TOKENS)
        read = self.embedder.token_states([text[start:end] for start, end in parts])
        tokens = [
            (offset + start, offset + end, row, states)
            for (offset, _), (at, states) in zip(parts, read, strict=True)
            for row, (start, end) in enumerate(at)
        ]
        head = self.embedder.token_states([columns]) if columns else []
        whole = self._best([states for _, states in (*read, *head)])
        setting = float(whole @ self.shares)
        weakest = min((float(whole[word].mean()) for word in self.weighty), default=setting)
        return [self._similar(_runs(tokens, span)) for span in spans], setting, weakest

    def _best(self, runs: Sequence[Vectors]) -> Vectors:
        """Per token of the question its best cosine with any state; 0 where there are none."""
        best: Vectors = self.states.sum(axis=1) * 0.0
        for at, states in enumerate(states for states in runs if len(states)):
            found = (self.states @ states.T).max(axis=1)
            best = best.clip(min=found) if at else found
        return best

    def _similar(self, runs: Sequence[Vectors]) -> tuple[float, float, float]:
        if not runs or not len(self.states):
            return 0.0, 0.0, 0.0
        best = self._best(runs)
        total = sum((states.sum(axis=0) for states in runs[1:]), start=runs[0].sum(axis=0))
        cosine = float(total @ self.vector) / max(1e-6, float(total @ total) ** 0.5)
        return float(best.mean()), float(best @ self.shares), cosine


def term_weights(text: str, idf: Idf) -> dict[str, float]:
    """The IDF of each content term of a text, never below `LEAST_WEIGHT`. Terms that are no index terms
    (the cut words of alphabets other than Latin) take that of the word they stand for."""
    wanted = set(content_terms(text))
    found = {term: max(LEAST_WEIGHT, idf(term)) for day in dates.find(text) for term in day.terms}
    for word in text.split():
        indexed = terms(word)
        for term in content_terms(word):
            if term in wanted and indexed:
                found[term] = max(LEAST_WEIGHT, idf(term if term in indexed else indexed[0]))
    return found


def stems(text: str) -> set[str]:
    """The terms of a text, and the first letters of its longer ones marked by "~"."""
    found = set(content_terms(text))
    return found | {"~" + term[:STEM_LETTERS] for term in found if len(term) >= STEM_LETTERS and term.isalpha()}


def credit(term: str, there: set[str]) -> float:
    """1 for a term that is among `stems`, less where only its first letters are ("induce" for "inductive")."""
    if term in there:
        return 1.0
    return STEM_CREDIT if "~" + term[:STEM_LETTERS] in there and term.isalpha() else 0.0


def _token_shares(
    question: str, spans: Sequence[Span], weights: dict[str, float]
) -> tuple[list[float], list[list[int]]]:
    """What share of the question's meaning each token has: the weight of its word, split among its tokens; and
    the tokens of each word that weighs nearly as much as the heaviest."""
    held: dict[Span, float] = {}
    tokens: dict[Span, list[int]] = {}
    words = [match.span() for match in re.finditer(r"\w+", question)]
    for number, (start, end) in enumerate(spans):
        at = bisect_right(words, start, key=lambda word: word[0]) - 1
        word = words[at] if at >= 0 and start < words[at][1] else (start, end)
        tokens.setdefault(word, []).append(number)
        if word not in held:
            held[word] = max((weights.get(term, 0.0) for term in content_terms(question[slice(*word)])), default=0.0)
    raw = [0.0] * len(spans)
    for word, numbers in tokens.items():
        for number in numbers:
            raw[number] = max(LEAST_WEIGHT, held[word]) / len(numbers)
    total = sum(raw) or 1.0
    least = max(LEAST_WEIGHT, WEIGHTY * max(held.values(), default=0.0))
    return [value / total for value in raw], [tokens[word] for word, weight in held.items() if weight >= least]


def _runs(tokens: Sequence[tuple[int, int, int, Vectors]], span: Span) -> list[Vectors]:
    """The states of the tokens inside `span`, one array a part of the text."""
    low = bisect_right(tokens, span[0], key=lambda token: token[1])
    high = bisect_left(tokens, span[1], key=lambda token: token[0])
    runs: list[Vectors] = []
    while low < high:
        first, states = tokens[low][2:]
        last = low
        while last < high and tokens[last][3] is states:
            last += 1
        runs.append(states[first : first + last - low])
        low = last
    return runs
