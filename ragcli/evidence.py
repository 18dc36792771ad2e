"""Whether the documents answer a question at all, from the found sentences: a probability, and the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ragcli.lexical import content_terms
from ragcli.salience import term_weights
from ragcli.types import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragcli.salience import Sentence
    from ragcli.types import Hit

ENOUGH: Final = 0.35
"""The least score to answer from."""

READ: Final = {"soft": 4.0, "setting": 4.7, "coverage": 2.8, "context": 2.8}
READ_BIAS: Final = -7.9
UNREAD: Final = {"coverage": 4.4, "context": 5.2}
UNREAD_BIAS: Final = -2.7
"""Logistic regressions, where the embedder reads the question (XQuAD en, de, es) and where it cannot (zh), each
question with and without its paragraph among those of the same articles; each feature at its best sentence."""
RARE: Final = 0.8
"""The share of the heaviest term's weight from which a term is worth naming in the reason."""


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
    read, unread = _chance(READ, READ_BIAS, sentences), _chance(UNREAD, UNREAD_BIAS, sentences)
    score = round(reliable * read + (1.0 - reliable) * unread, 4)
    if score >= enough:
        return Evidence(score, True, "a passage answers this")
    return Evidence(score, False, _reason(question, hits, idf))


def _chance(weights: dict[str, float], bias: float, sentences: Sequence[Sentence]) -> float:
    total = sum(weight * max(getattr(each, name) for each in sentences) for name, weight in weights.items())
    return 1.0 / (1.0 + math.exp(-total - bias))


def _reason(question: str, hits: Sequence[Hit], idf: Callable[[str], float]) -> str:
    """Names the question's weightiest word if no hit has it."""
    weights = term_weights(question, idf)
    there = {term for hit in hits for _, value in hit.snippet.fields for term in content_terms(value)}
    there.update(term for hit in hits for term in content_terms(hit.snippet.text))
    least = RARE * max(weights.values(), default=0.0)
    missing = {term for term, weight in weights.items() if term not in there and weight >= least}
    words = [word.strip("?!.,;:¿¡\"'«»„“”()[]？。，") for word in question.split()]
    named = [word for word in words if word and missing & set(content_terms(word))]
    if not named or len(named) > 3:
        return "the passages found do not answer this"
    return f'no passage mentions "{max(named, key=len)}"'
