"""How sure a figure is: a bootstrap interval over questions, and a paired randomisation test between two runs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

DRAWS: Final = 1000
SEED: Final = 0
COVERAGE: Final = 0.95


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean, NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def interval(
    rows: Sequence[T], statistic: Callable[[Sequence[T]], float], *, draws: int = DRAWS
) -> tuple[float, float]:
    """The percentile bootstrap's 95 % interval of a statistic of the rows; the same on every call. Draws in which the
    statistic is NaN (none of a kind was drawn) are left out; NaN where all are."""
    chance = random.Random(SEED)
    drawn = (statistic(chance.choices(rows, k=len(rows))) for _ in range(draws if rows else 0))
    found = sorted(value for value in drawn if not math.isnan(value))
    if not found:
        return math.nan, math.nan
    edge = (1 - COVERAGE) / 2
    return _quantile(found, edge), _quantile(found, 1 - edge)


def _quantile(found: Sequence[float], at: float) -> float:
    """Between the two nearest of sorted values."""
    place = at * (len(found) - 1)
    low = math.floor(place)
    high = min(low + 1, len(found) - 1)
    return found[low] + (place - low) * (found[high] - found[low])


def p_value(
    old: Sequence[T], new: Sequence[T], statistic: Callable[[Sequence[T]], float], *, draws: int = DRAWS
) -> float:
    """How likely a difference at least this large is where old and new are alike, by a paired randomisation test:
    each pair of rows changes sides by chance. Two-sided, never 0; the same on every call."""
    difference = abs(statistic(new) - statistic(old))
    chance = random.Random(SEED)
    reached = 0
    for _ in range(draws):
        changed = chance.choices((False, True), k=len(old))
        pairs = [(b, a) if turned else (a, b) for a, b, turned in zip(old, new, changed, strict=True)]
        reached += abs(statistic([b for _, b in pairs]) - statistic([a for a, _ in pairs])) >= difference - 1e-12
    return (1 + reached) / (1 + draws)
