"""A claim as what a source must carry: its terms by weight, its numbers, dates and names; and how much a text holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from ragcli import dates, quantities
from ragcli.lexical import content_terms
from ragcli.record import record
from ragcli.salience import credit, stems, term_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from ragcli.protocols import Embedder, Vectors
    from ragcli.quantities import Quantity
    from ragcli.types import Span

    Idf = Callable[[str], float]

UNLIKE: Final = 0.4
ALIKE: Final = 0.8
"""Cosines of token states up to which two words have nothing in common, and from which one says what the other does."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ANY_WORD: Final = re.compile(r"\w+")

Row = list[float]
"""For each unit of a claim how much of it a text holds: 0..1."""


@record
class Claim:
    """`units` are terms, and "#a|b" for a number of those values, with their weights; `tokens` the places of each
    unit's token states, () for what has no synonyms."""

    text: str
    units: tuple[str, ...]
    weights: tuple[float, ...]
    numbers: tuple[Quantity, ...]
    days: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    states: Vectors | None = None
    tokens: tuple[tuple[int, ...], ...] = ()


def read(text: str, idf: Idf, embedder: Embedder | None = None) -> Claim:
    """A claim read once; numbers weigh as much as its terms on average, however they are written."""
    weights = {term: weight for term, weight in term_weights(text, idf).items() if not term[0].isdigit()}
    days = list(dates.find(text))
    numbers = tuple(each for each in quantities.find(text) if _counts(text, each, days))
    usual = sum(weights.values()) / len(weights) if weights else 1.0
    undated = text
    for day in days:
        undated = undated[: day.start] + " " * (day.end - day.start) + undated[day.end :]
    names = tuple(tuple(content_terms(name)) for name in _names(_WORD.findall(undated)))
    named = {term for name in names for term in name}
    units = [*weights, *("#" + "|".join(_readings(number)) for number in numbers)]
    states: Vectors | None = None
    tokens: tuple[tuple[int, ...], ...] = ()
    if embedder is not None:
        spans, states = embedder.token_states([text])[0]
        places = _places(text, spans)
        tokens = tuple(() if unit in named else tuple(places.get(unit, ())) for unit in units)
    return Claim(
        text,
        tuple(units),
        (*weights.values(), *(usual for _ in numbers)),
        numbers,
        tuple(day.terms[-1] for day in days),
        names,
        states,
        tokens,
    )


def held(text: str) -> set[str]:
    """The terms of a text as `salience.stems` has them, and its numbers' readings marked by "#"."""
    return stems(text) | {"#" + reading for stated in quantities.find(text) for reading in _readings(stated)}


def row(claim: Claim, there: set[str]) -> Row:
    """How much of each unit is among what a text holds."""
    return [_held(unit, there) for unit in claim.units]


def alike(claim: Claim, states: Vectors) -> Row:
    """How much of each unit a text's token states say, in whatever words."""
    if claim.states is None or not len(states) or not len(claim.states):
        return [0.0] * len(claim.units)
    best = (claim.states @ states.T).max(axis=1).tolist()
    means = (sum(best[at] for at in places) / len(places) if places else 0.0 for places in claim.tokens)
    return [min(1.0, max(0.0, (mean - UNLIKE) / (ALIKE - UNLIKE))) for mean in means]


def both(rows: Iterable[Row]) -> Row:
    """What texts hold together."""
    return [max(each) for each in zip(*rows, strict=True)]


def share(claim: Claim, holds: Row) -> float:
    """How much of the claim's weight is held: 0..1."""
    total = sum(claim.weights)
    return sum(weight * part for weight, part in zip(claim.weights, holds, strict=True)) / total if total else 0.0


def lost_numbers(claim: Claim, stated: Sequence[Quantity], there: set[str]) -> int:
    """How many numbers and dates of the claim a text does not have; another unit is another number."""
    numbers = sum(not any(quantities.same(number, other) for other in stated) for number in claim.numbers)
    return numbers + sum(day not in there for day in claim.days)


def lost_names(claim: Claim, there: set[str]) -> int:
    """How many names of the claim are nowhere in a text."""
    return sum(there.isdisjoint(name) for name in claim.names)


def _counts(text: str, number: Quantity, days: Sequence[dates.Date]) -> bool:
    """Not "one", which is rarely a number; of a date only the year, since the day is looked for as a whole."""
    if not any(letter.isdigit() for letter in text[number.start : number.end]) and max(number.values) < 2:
        return False
    dated = any(day.start < number.end and number.start < day.end for day in days)
    return not dated or max(number.values) > 31


def _held(unit: str, there: set[str]) -> float:
    if unit[0] == "#":
        return 0.0 if there.isdisjoint("#" + one for one in unit[1:].split("|")) else 1.0
    return credit(unit, there)


def _readings(number: Quantity) -> list[str]:
    return sorted(f"{value.normalize():f}" for value in number.values)


def _names(words: Sequence[str]) -> list[str]:
    """Words that are written like names. Where every third word is capitalised (German), only those with a
    capital inside count."""
    later = words[1:]
    capital = [word for word in later if word[0].isupper() and len(word) > 1]
    if 3 * len(capital) > len(later):
        capital = [word for word in words if any(letter.isupper() for letter in word[1:])]
    return list(dict.fromkeys(capital))


def _places(text: str, spans: Sequence[Span]) -> dict[str, list[int]]:
    """Where the tokens of each term are among the claim's."""
    found: dict[str, list[int]] = {}
    at = 0
    for word in _ANY_WORD.finditer(text):
        while at < len(spans) and spans[at][1] <= word.start():
            at += 1
        last = at
        while last < len(spans) and spans[last][0] < word.end():
            last += 1
        for term in content_terms(word.group()):
            if last > at:
                found.setdefault(term, list(range(at, last)))
    return found
