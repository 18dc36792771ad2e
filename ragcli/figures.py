"""Trials -> figures with intervals, their change since an older run, and the bounds that they miss. All pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ragcli import measures
from ragcli.errors import UsageError
from ragcli.reports import Change, Figure, Trial
from ragcli.significance import interval, mean, p_value

AUROC: Final = "AUROC"
DIGITS: Final = 6
"""Of a number in JSON."""
Rows = Sequence[tuple[bool, float]]
Statistic = Callable[[Sequence[Any]], float]


def _split(rows: Rows) -> tuple[list[float], list[float]]:
    return [score for good, score in rows if good], [score for good, score in rows if not good]


def _auroc(rows: Rows) -> float:
    return measures.auroc(*_split(rows))


def _wrong(rows: Rows) -> float:
    return measures.wrong_at(*_split(rows))


TOLD_APART: Final[dict[str, Statistic]] = {AUROC: _auroc, measures.WRONG: _wrong}
"""Figures of all scores together, where both kinds are there."""


def figures(trials: Sequence[Trial], before: Mapping[str, Trial] | None = None) -> tuple[Figure, ...]:
    """One figure a measure, in the order in which trials have them; `before` are an older run's trials by id."""
    names = dict.fromkeys(name for trial in trials for name in trial.values)
    names = dict.fromkeys(TOLD_APART if _both_kinds(trials) else ()) | names
    return tuple(_figure(name, trials, before) for name in names)


def _both_kinds(trials: Sequence[Trial]) -> bool:
    return {trial.positive for trial in trials if trial.score is not None} >= {True, False}


def _figure(name: str, trials: Sequence[Trial], before: Mapping[str, Trial] | None) -> Figure:
    statistic = TOLD_APART.get(name, mean)
    held = {trial.id: row for trial in trials if (row := _row(name, trial)) is not None}
    rows = list(held.values())
    figure = Figure(name, statistic(rows), *interval(rows, statistic), len(rows), name in measures.LESS_IS_BETTER)
    if before is None:
        return figure
    older = {id: row for id in held if id in before and (row := _row(name, before[id])) is not None}
    old, new = ([_rounded(row) for row in rows] for rows in (older.values(), (held[id] for id in older)))
    if not old or math.isnan(statistic(old)):
        return figure
    return replace(figure, change=Change(statistic(old), p_value(old, new, statistic), len(old)))


def _row(name: str, trial: Trial) -> Any:
    """What a trial brings to a figure, None for nothing."""
    if name not in TOLD_APART:
        return trial.values.get(name)
    return None if trial.positive is None or trial.score is None else (trial.positive, trial.score)


def _rounded(row: Any) -> Any:
    """As an older run's files have it: what was rounded away is no change."""
    return (row[0], round(row[1], DIGITS)) if isinstance(row, tuple) else round(row, DIGITS)


def short(found: Sequence[Figure], bounds: Mapping[str, float]) -> tuple[str, ...]:
    """A line for each bound that its figure misses. UsageError where there is no such figure."""
    known = {figure.name.casefold(): figure for figure in found}
    lines = []
    for name, bound in bounds.items():
        figure = known.get(name.casefold())
        if figure is None:
            raise UsageError(
                f"--fail-under {name}: there is no such figure",
                f"here are: {', '.join(figure.name for figure in found)}",
            )
        over = figure.less_is_better
        if figure.value > bound if over else not figure.value >= bound:
            lines.append(f"{figure.name} is {figure.value:.4f}, {'over' if over else 'under'} {bound:g}")
    return tuple(lines)
