"""The flags of a language model, as far as no model is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.commands import _generation

from .conftest import Run

QUESTION = "How tall are emperor penguins?"
UNANSWERABLE = "Which zeppelin crossed the Atlantic in 1928?"


@pytest.mark.parametrize(
    ("flag", "value", "told"),
    [
        ("--dtype", "int4", "'int4' is not one of auto, bf16, fp16, fp32"),
        ("--quant", "2bit", "is not one of auto, none, 8bit, 4bit"),
        ("--attn", "paged", "is not one of auto, flash, sdpa, eager"),
        ("--max-new-tokens", "0", "0 is not between 1 and 131072"),
        ("--temperature", "-1", "-1.0 is not between 0 and 10"),
        ("--temperature", "nan", "nan is not between"),
        ("--top-p", "0", "is not between"),
        ("--top-k", "-1", "is not between"),
        ("--seed", "x", "is not a valid int"),
        ("--min-confidence", "1.5", "1.5 is not between 0 and 1"),
    ],
)
def test_a_value_that_is_none_of_the_allowed_is_refused(
    run: Run, notes: Path, flag: str, value: str, told: str
) -> None:
    done = run("ask", QUESTION, flag, value)
    assert done.code == 2
    assert told in done.err
    assert flag in done.err


@pytest.mark.parametrize("flag", [["--quant", "4bit"], ["--temperature", "0"], ["--no-constrain"]], ids=str)
def test_a_flag_of_a_model_is_no_flag_of_sentences(run: Run, notes: Path, flag: list[str]) -> None:
    done = run("ask", QUESTION, "--json", *flag)
    assert (done.code, done.value["error"]["code"]) == (2, "usage")
    assert done.value["error"]["message"].startswith(f"{flag[0]} is for a language model")


@pytest.mark.parametrize(
    "flag", [_generation.CONFIDENCE, *_generation.LOADING, *_generation.SAMPLING], ids=lambda flag: flag.name
)
def test_every_flag_is_in_help(run: Run, flag: _generation.Flag) -> None:
    assert f"--{flag.name} " in run("ask", "--help").out


def test_an_answer_without_a_model_says_so(run: Run, notes: Path) -> None:
    assert run("ask", QUESTION, "--json").value["model"]["weights"] is None


def test_the_least_evidence_to_answer_from_can_be_chosen(run: Run, notes: Path) -> None:
    assert run("ask", QUESTION, "--min-confidence", "1").code == 3
    answered = run("ask", UNANSWERABLE, "--min-confidence", "0", "--json")
    assert (answered.code, answered.value["outcome"]) == (0, "answered")
    assert answered.value["evidence"]["enough"] is True
