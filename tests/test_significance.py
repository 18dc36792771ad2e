"""The interval and the test behave as their definitions say, and the same way twice."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from ragcli.significance import interval, mean, p_value


def test_the_interval_of_a_mean_agrees_with_theory() -> None:
    chance = random.Random(1)
    values = [chance.gauss(0.5, 0.2) for _ in range(400)]
    low, high = interval(values, mean)
    error = 1.96 * 0.2 / math.sqrt(400)
    assert low == pytest.approx(mean(values) - error, abs=0.004)
    assert high == pytest.approx(mean(values) + error, abs=0.004)


def test_intervals_hold_the_truth_about_19_times_of_20() -> None:
    chance = random.Random(2)
    held = 0
    for _ in range(200):
        low, high = interval([float(chance.random() < 0.7) for _ in range(60)], mean, draws=200)
        held += low <= 0.7 <= high
    assert 175 <= held <= 199


def test_the_interval_is_the_same_on_every_call() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    assert interval(values, mean) == interval(values, mean)


def test_equal_values_have_no_width() -> None:
    assert interval([0.25] * 9, mean) == (0.25, 0.25)


def test_of_nothing_there_is_no_interval() -> None:
    assert all(math.isnan(edge) for edge in interval([], mean))
    assert math.isnan(mean([]))


def test_draws_without_a_figure_are_left_out() -> None:
    def share(rows: list[int]) -> float:
        return math.nan if 1 not in rows else rows.count(1) / len(rows)

    low, high = interval([1, 0, 0, 0], share)  # type: ignore[arg-type]
    assert 0 < low < high <= 1


def test_the_p_value_is_that_of_all_exchanges() -> None:
    old, new = [0.1, 0.5, 0.3, 0.9, 0.2, 0.4], [0.4, 0.6, 0.2, 1.0, 0.6, 0.7]
    differences = [b - a for a, b in zip(old, new, strict=True)]
    signs = list(itertools.product((-1, 1), repeat=len(old)))
    sums = [abs(sum(s * d for s, d in zip(each, differences, strict=True))) for each in signs]
    exact = sum(total >= abs(sum(differences)) - 1e-12 for total in sums) / len(signs)
    assert p_value(old, new, mean, draws=4000) == pytest.approx(exact, abs=0.03)


def test_runs_that_are_alike_do_not_differ() -> None:
    assert p_value([0.5, 0.25], [0.5, 0.25], mean) == 1
    chance = random.Random(3)
    noise = [(chance.random(), chance.random()) for _ in range(200)]
    assert p_value([a for a, _ in noise], [b for _, b in noise], mean) > 0.05


def test_a_steady_gain_is_significant() -> None:
    old = [random.Random(number).random() for number in range(100)]
    assert p_value(old, [value + 0.05 for value in old], mean) == pytest.approx(1 / 1001)
