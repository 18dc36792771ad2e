from __future__ import annotations

import random
from collections import Counter

from ragcli.heldout import FOLDS, choose, folds
from ragcli.significance import mean


def test_every_row_is_in_one_of_parts_that_are_even() -> None:
    assert sorted(Counter(folds(33)).values()) == [6, 6, 7, 7, 7]
    assert folds(33) == folds(33)
    assert set(folds(3)) < set(range(FOLDS))


def test_a_value_that_is_better_on_most_rows_is_chosen_and_better() -> None:
    table = {0.1: [0.2] * 30, 0.5: [0.2] * 10 + [1.0] * 20, 0.9: [0.0] * 30}
    choice = choose(table, 0.1, mean)
    assert (choice.value, choice.better) == (0.5, True)
    assert (choice.old, choice.new) == (mean(table[0.1]), mean(table[0.5]))
    assert choice.p < 0.01


def test_of_values_that_are_as_good_the_present_one_stays() -> None:
    choice = choose({0.1: [0.5] * 30, 0.5: [0.5] * 30, 0.9: [0.5] * 30}, 0.5, mean)
    assert (choice.value, choice.better, choice.p) == (0.5, False, 1.0)


def test_what_is_best_by_chance_alone_is_not_better_held_out() -> None:
    draw = random.Random(7)
    kept = 0
    for _ in range(20):
        table = {value / 10: [float(draw.random() < 0.5) for _ in range(40)] for value in range(6)}
        kept += choose(table, 0.2, mean).better
    assert kept <= 2


def test_a_value_that_is_not_allowed_is_not_chosen() -> None:
    table = {0.1: [0.2] * 30, 0.5: [1.0] * 30}
    assert choose(table, 0.1, mean, allowed=lambda rows, present: mean(rows) <= mean(present)).value == 0.1
