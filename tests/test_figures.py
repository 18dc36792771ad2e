"""Trials become figures of all that have them; bounds and older runs are compared by name and id."""

from __future__ import annotations

import pytest

from ragcli.errors import UsageError
from ragcli.figures import figures, short
from ragcli.reports import Trial

ANSWERS = (
    Trial("a", {"Answered": 1.0, "Words": 10.0}, True, 0.9),
    Trial("b", {"Answered": 1.0, "Words": 20.0}, True, 0.8),
    Trial("c", {"Answered": 0.0}, True, 0.2),
    Trial("d", {"Declined": 1.0}, False, 0.3),
)


def test_a_measure_is_the_mean_of_those_that_have_it() -> None:
    found = {figure.name: figure for figure in figures(ANSWERS)}
    assert found["Answered"].value == pytest.approx(2 / 3)
    assert (found["Words"].value, found["Words"].questions, found["Words"].less_is_better) == (15, 2, True)
    assert found["Declined"].questions == 1
    assert found["Words"].low <= 15 <= found["Words"].high


def test_scores_of_both_kinds_give_auroc_and_wrong_answers_first() -> None:
    found = figures(ANSWERS)
    assert [figure.name for figure in found[:2]] == ["AUROC", "Wrong@95"]
    assert found[0].value == pytest.approx(2 / 3)
    assert found[1].value == 1
    assert (found[0].questions, found[1].less_is_better) == (4, True)


def test_scores_of_one_kind_tell_nothing_apart() -> None:
    assert [figure.name for figure in figures(ANSWERS[:3])] == ["Answered", "Words"]


def test_an_older_run_is_compared_where_both_have_the_question() -> None:
    before = {"a": Trial("a", {"Answered": 0.0}, True, 0.1), "z": Trial("z", {"Answered": 1.0}, True, 0.1)}
    found = {figure.name: figure for figure in figures(ANSWERS, before)}
    change = found["Answered"].change
    assert change is not None
    assert (change.before, change.questions) == (0.0, 1)
    assert change.p == 1
    assert found["Words"].change is None
    assert found["AUROC"].change is None


def test_the_same_run_has_not_changed() -> None:
    for figure in figures(ANSWERS, {trial.id: trial for trial in ANSWERS}):
        assert figure.change is not None
        assert (figure.change.before, figure.change.p) == (figure.value, 1)


def test_what_a_file_rounded_away_is_no_change() -> None:
    exact = [Trial(str(number), {"F1": 2 / 3 if number % 2 else 1 / 3}) for number in range(9)]
    before = {trial.id: Trial(trial.id, {"F1": round(trial.values["F1"], 6)}) for trial in exact}
    (figure,) = figures(exact, before)
    assert figure.change is not None
    assert figure.change.p == 1


def test_a_bound_that_does_not_hold_is_named() -> None:
    found = figures(ANSWERS)
    assert short(found, {"answered": 0.6, "Words": 15}) == ()
    assert short(found, {"Answered": 0.7, "Words": 14.5}) == (
        "Answered is 0.6667, under 0.7",
        "Words is 15.0000, over 14.5",
    )


def test_a_bound_of_no_figure_is_refused() -> None:
    with pytest.raises(UsageError, match="--fail-under nDCG@10: there is no such figure"):
        short(figures(ANSWERS), {"nDCG@10": 0.5})
