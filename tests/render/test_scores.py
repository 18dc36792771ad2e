"""An evaluation as people and programs see it: aligned, inert, without NaN."""

from __future__ import annotations

import json
import math

from ragcli.render.layout import Look
from ragcli.render.scores import code_of, evaluation_text, evaluation_value, question_value, run_lines, trial_line
from ragcli.reports import Change, Evaluation, Figure, Made, Trial
from tests.commands.conftest import checked

FIGURES = (
    Figure("nDCG@10", 0.71234, 0.6, 0.8, 1234, change=Change(0.7, 0.2, 1000)),
    Figure("Words", 31.26, 28.0, 35.0, 1000, less_is_better=True, change=Change(40.0, 0.001, 1000)),
    Figure("AUROC", math.nan, math.nan, math.nan, 3),
)
TRIALS = (
    Trial("q1", {"nDCG@10": 1.0}, shown={"ranking": [("a\x1b.md", 0.5), ("b.md", 1 / 3)]}),
    Trial("q2", {}, True, 0.25),
)
MADE = Evaluation("retrieval", "set \x1b[2J", "hybrid", 5183, FIGURES, TRIALS, ("nDCG@10 is 0.7123, under 0.8",))


def test_the_table_has_a_row_a_figure_with_its_change() -> None:
    lines = evaluation_text(MADE, Look()).splitlines()
    assert "\x1b" not in lines[0]
    assert lines[0].endswith("· retrieval, hybrid · 2 questions, 5,183 documents")
    assert lines[1:] == [
        "measure           value   95 % interval         of    before    change       p",
        "nDCG@10          0.7123   0.6000 - 0.8000    1,234    0.7000   +0.0123   0.200",
        "Words              31.3   28.0 - 35.0        1,000      40.0   -8.7400   0.001  less is better",
        "AUROC                 -   - - -                  3",
        "nDCG@10 is 0.7123, under 0.8",
    ]


def test_a_gain_is_painted_only_where_it_is_significant() -> None:
    lines = evaluation_text(MADE, Look(color=True)).splitlines()
    assert "\x1b[32m" not in lines[2]
    assert "\x1b[31m" not in lines[2]
    assert "\x1b[32m" in lines[3]  # fewer words are better


def test_no_change_has_no_minus() -> None:
    figure = Figure("F1", 0.333333, 0.3, 0.4, 9, change=Change(0.3333334, 1.0, 9))
    assert "   +0.0000   1.000" in evaluation_text(Evaluation("answers", "a", "b", 1, (figure,), TRIALS), Look())


def test_without_an_older_run_there_are_no_columns_for_it() -> None:
    alone = Evaluation("support", "wice", "embedder none", 0, (Figure("AUROC", 0.76, 0.7, 0.8, 1),), TRIALS[:1])
    assert evaluation_text(alone, Look()).splitlines()[:2] == [
        "wice · support, embedder none · 1 claim",
        "measure           value   95 % interval         of",
    ]
    assert (code_of(alone), code_of(MADE)) == (0, 8)


def test_json_is_valid_by_its_schema_and_has_no_nan() -> None:
    value = checked(json.loads(json.dumps(evaluation_value(MADE), allow_nan=False)))
    assert value["figures"][2]["value"] is None
    assert (value["ok"], value["exit_code"]) == (False, 8)


def test_a_line_of_a_file_cannot_be_broken_or_act() -> None:
    assert "\x1b" not in trial_line(TRIALS[0])
    assert json.loads(trial_line(TRIALS[0]))["values"] == {"nDCG@10": 1.0}
    assert [line.split("\t") for line in run_lines(TRIALS[0]).splitlines()][1] == ["q1", "b.md", repr(1 / 3)]
    assert "\x1b" not in run_lines(TRIALS[0])
    assert run_lines(TRIALS[1]) == "q2\t0.25\n"


def test_a_made_question_is_a_line_of_a_set() -> None:
    value = checked(question_value("made-001", Made("year", "In which year?", "1893", "a.md", (3, 7), "1893")))
    assert value["gold"] == [{"file": "a.md", "text": "1893", "start": 3, "end": 7}]
    assert checked(question_value("m", Made("heading", "Oil", "", "a.md", (0, 1), "x")))["answers"] == []
