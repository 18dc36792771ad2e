"""The weights that `ragcli tune` may set for one index: their defaults, and the form in which the index keeps them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Final

from ragcli.errors import DamagedIndex
from ragcli.record import record

KEY: Final = "tuning"
"""Of `meta`; no row, or an empty one, is the defaults."""
LONGEST: Final = 1000


@record
class Tuning:
    """How much each part of search and of the choice of sentences counts; every value is in BOUNDS.

    `dense` is the embedder's share of a first score (less where it reads the question's script badly), `document` that
    of a snippet's whole document, `rerank` that of the embedder's second reading of close hits (maxsim). `likeness` is
    what the embedder says of sentences, times this, against 2 less this for shared words. `enough` is the least
    evidence to answer from.
    """

    dense: float = 0.75
    """Of .5 to .8 the best, or within half a point of it, on encyclopedia paragraphs, conversations, code, and
    paragraphs with tables."""
    document: float = 0.1
    """Code cut into chunks of 70 words, golds in the first 5, 10 and 20 of 248 questions: .825, .883, .908 -> .852,
    .902, .926; paragraphs of encyclopedia articles, first hit: .958 -> .957."""
    rerank: float = 0.45
    likeness: float = 1.0
    enough: float = 0.36
    """XQuAD en: 95 % of the questions whose paragraph is there score more, 29 % of those whose paragraph is not."""


DEFAULT: Final = Tuning()
BOUNDS: Final = {"dense": (0.0, 1.0), "document": (0.0, 1.0), "rerank": (0.0, 1.0),
                 "likeness": (0.0, 2.0), "enough": (0.0, 1.0)}  # fmt: skip


def read(stored: str | None) -> Tuning:
    """What an index keeps. DamagedIndex for what `write` did not write."""
    if not stored:
        return DEFAULT
    try:
        found = json.loads(stored) if len(stored) <= LONGEST else None
    except (ValueError, RecursionError) as error:
        raise _damaged() from error
    if not isinstance(found, dict) or not all(_within(name, value) for name, value in found.items()):
        raise _damaged()
    return Tuning(**{name: float(value) for name, value in found.items()})


def _within(name: str, value: object) -> bool:
    return name in BOUNDS and type(value) in (int, float) and BOUNDS[name][0] <= value <= BOUNDS[name][1]  # type: ignore[operator]


def _damaged() -> DamagedIndex:
    return DamagedIndex("the weights that ragcli tune put into the index make no sense", "ragcli tune --reset")


def write(tuning: Tuning) -> str:
    """What `read` reads: the values that are not the defaults; "" where none is."""
    own = dict(changed(tuning))
    return json.dumps(own, separators=(",", ":")) if own else ""


def changed(tuning: Tuning) -> tuple[tuple[str, float], ...]:
    """The names and values that are not the defaults."""
    return tuple((name, value) for name, value in listed(tuning) if value != getattr(DEFAULT, name))


def listed(tuning: Tuning) -> tuple[tuple[str, float], ...]:
    """All names and values."""
    return tuple((each.name, float(getattr(tuning, each.name))) for each in fields(tuning))
