"""Which of a few values is best, and whether values so chosen are also better on rows they were not chosen by."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from ragcli.significance import SEED, p_value

Row = TypeVar("Row")

FOLDS: Final = 5
SURE: Final = 0.05
"""The p-value below which a difference counts."""
_EVEN: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Choice:
    """The best value on all rows, "best" being `now` where no other one is better; what the present value comes to
    (`old`), and what each fifth of the rows comes to under the value that the other four choose (`new`)."""

    value: float
    old: float
    new: float
    p: float

    @property
    def better(self) -> bool:
        """Whether choosing pays on rows held out, and not by chance."""
        return self.new > self.old and self.p < SURE


def choose(
    table: Mapping[float, Sequence[Row]],
    now: float,
    statistic: Callable[[Sequence[Row]], float],
    *,
    allowed: Callable[[Sequence[Row], Sequence[Row]], bool] = lambda rows, present: True,
) -> Choice:
    """The best of the values by which `table` has rows, one a question in the same order; `now` is one of them.

    A value counts only if its rows are `allowed` beside the present ones. Of two as good the one nearer to `now` wins.
    """
    present = table[now]
    every = range(len(present))

    def best(at: Sequence[int]) -> float:
        base = [present[each] for each in at]
        drawn = {value: [rows[each] for each in at] for value, rows in table.items()}
        rated = {value: statistic(rows) for value, rows in drawn.items() if value == now or allowed(rows, base)}
        top = max(rated.values())
        return min((value for value in rated if rated[value] >= top - _EVEN), key=lambda value: abs(value - now))

    fold = folds(len(present))
    chosen = {each: best([at for at in every if fold[at] != each]) for each in sorted(set(fold))}
    new = [table[chosen[fold[at]]][at] for at in every]
    return Choice(best(every), statistic(present), statistic(new), p_value(present, new, statistic))


def folds(count: int) -> list[int]:
    """To which of FOLDS parts each of `count` rows belongs: as even as can be, the same on every call."""
    order = list(range(count))
    random.Random(SEED).shuffle(order)
    found = [0] * count
    for place, at in enumerate(order):
        found[at] = place % FOLDS
    return found
