"""Whether the documents answer a question at all, from the found sentences: a probability, and the reason."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from ragcli import dates
from ragcli.language import NO_CONTENT_ABROAD
from ragcli.lexical import content_terms
from ragcli.salience import term_weights
from ragcli.tuning import DEFAULT
from ragcli.types import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragcli.salience import Sentence
    from ragcli.types import Hit

ENOUGH: Final = DEFAULT.enough
"""The least score to answer from."""

READ: Final = {"weakest": 6.0, "soft": 5.0, "kind": 0.5}
READ_BIAS: Final = -5.0
UNREAD: Final = {"coverage": 4.4, "context": 5.2}
UNREAD_BIAS: Final = -2.1
"""In log-odds, where the embedder reads the question and where it cannot (a logistic regression on XQuAD zh, each
question with and without its paragraph). Where it reads, shared words are left out, though XQuAD would weigh them
most: people ask in other words than the text's, and what does not answer may share its words. What holds up is
that no word of the question is without a counterpart, and that the sentence is of the asked kind."""
LOST: Final = -1.5
"""For each name or number of the question that no hit has, in log-odds: these have no other words."""
MOST_LOST: Final = 2
RARE: Final = 0.8
"""The share of the heaviest term's weight from which a term is worth naming in the reason."""


MOST_NAMED: Final = 3

_WORD: Final = re.compile(r"\w+(?:['’.,-]\w+)*")
_CAPITALISING: Final = frozenset(
    "der die das den dem des ein eine einen einem einer ist sind war waren wird wurde wurden hat haben wie wer wen wem"
    " wann wo woher wohin warum weshalb wieso welche welcher welches welchen womit wofür im am zum zur vom".split()
)
"""Words of German, which writes every noun like a name. English has "die" and "war" too: no harm is done."""


def judge(
    question: str,
    hits: Sequence[Hit],
    *,
    sentences: Sequence[Sentence],
    idf: Callable[[str], float],
    enough: float = ENOUGH,
) -> Evidence:
    """The score is the probability that the hits answer, were half of all questions answerable.

    `sentences` are those of the hits' snippets, as `salience.score` gives them.
    """
    if not hits or not sentences:
        return Evidence(0.0, False, "no passage found")
    reliable = sentences[0].reliable
    best = max(sentences, key=lambda sentence: sentence.score)
    there = {term for hit in hits for _, value in hit.snippet.fields for term in content_terms(value)}
    there.update(term for hit in hits for term in content_terms(hit.snippet.text))
    lost = [word for word, terms in _fixed(question) if there.isdisjoint(terms)]
    shift = LOST * min(MOST_LOST, len(lost))
    read = {name: max(getattr(each, name) for each in sentences) for name in ("soft", "coverage", "context")}
    read |= {"weakest": best.weakest, "kind": float(best.kind)}
    chances = (_chance(READ, READ_BIAS + shift, read), _chance(UNREAD, UNREAD_BIAS + shift, read))
    score = round(reliable * chances[0] + (1.0 - reliable) * chances[1], 4)
    if score >= enough:
        return Evidence(score, True, "a passage answers this")
    return Evidence(score, False, _reason(question, lost, there, idf))


def _chance(weights: dict[str, float], bias: float, values: dict[str, float]) -> float:
    return 1.0 / (1.0 + math.exp(-bias - sum(weight * values[name] for name, weight in weights.items())))


def _fixed(question: str) -> list[tuple[str, Sequence[str]]]:
    """What cannot be said otherwise, with its terms: dates by their day, numbers, and names where a capital marks
    them (not in German)."""
    days = list(dates.find(question))
    rest = question
    for day in reversed(days):
        rest = rest[: day.start] + " " + rest[day.end :]
    words = _WORD.findall(rest)
    marked = not any(word.casefold() in _CAPITALISING for word in words)
    return [(question[day.start : day.end], day.terms[-1:]) for day in days] + [
        (word, content_terms(word))
        for at, word in enumerate(words)
        if word[0].isdigit()
        or (at and word[0].isupper() and (any(c.isupper() for c in word[1:]) or (marked and _says_much(word))))
    ]


def _says_much(word: str) -> bool:
    """Not "I", nor the "What" of a second sentence."""
    return word.casefold() not in NO_CONTENT_ABROAD


def _reason(question: str, lost: Sequence[str], there: set[str], idf: Callable[[str], float]) -> str:
    """Names what no hit has: a name or a number, else the weightiest words if they are few."""
    weights = term_weights(question, idf)
    least = RARE * max(weights.values(), default=0.0)
    missing = {term for term, weight in weights.items() if term not in there and weight >= least}
    named = lost or [word for word in _WORD.findall(question) if missing & set(content_terms(word))]
    if not named or len(named) > MOST_NAMED:
        return "the passages found do not answer this"
    return f'no passage mentions "{max(named, key=len)}"'
