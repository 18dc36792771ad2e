from __future__ import annotations

import pytest

from ragcli.followup import ANSWER_CHARS, TURNS, context, standalone
from ragcli.types import Role, Turn


def said(*questions: str) -> list[Turn]:
    """Each question with an answer that must not count."""
    return [turn for text in questions for turn in (Turn(Role.USER, text), Turn(Role.ASSISTANT, f"About {text}"))]


def test_a_first_question_has_no_context() -> None:
    assert context("How tall are they?", []) == ""
    assert context("How tall are they?", [Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, " ")]) == ""


def test_the_context_is_the_last_questions_in_order() -> None:
    history = said("one", "two", "three")
    assert context("four", history).split("\n") == ["two", "three", "four"]
    assert len(context("four", history).split("\n")) == TURNS
    assert context("two", said("one")) == "one\ntwo"


def test_a_question_that_points_back_may_mean_what_the_last_answer_named() -> None:
    history = [*said("one"), Turn(Role.USER, "two"), Turn(Role.ASSISTANT, "x" * 1_000)]
    assert context("Who made it?", history) == f"{'x' * ANSWER_CHARS}\none\ntwo\nWho made it?"


@pytest.mark.parametrize(
    "question",
    [
        "And how heavy is it?",
        "What do they eat?",
        "Wie schwer ist er?",
        "Und was kostet das Ersetzen davon?",
        "¿Cuánto pesa ella?",
        "Combien pèse-t-elle ?",
        "Сколько он весит?",
        "它有多重？",
    ],
)
def test_a_question_that_points_back_is_read_behind_the_one_before(question: str) -> None:
    assert standalone(question, said("How tall are emperor penguins?")) == f"are emperor penguins?\n{question}"


def test_what_a_chain_of_such_questions_points_back_to_is_its_head() -> None:
    history = said("Where do kiwis live?", "How tall are emperor penguins?", "And how heavy are they?")
    assert standalone("What do they eat?", history) == "are emperor penguins?\nWhat do they eat?"


@pytest.mark.parametrize(
    ("earlier", "about"),
    [
        ("And what benefits does the VA loan offer?", "does the VA loan offer?"),
        ("In which year was the bell cast?", "was the bell cast?"),
        ("Wann wurde die Glocke gegossen?", "die Glocke gegossen?"),
        ("¿Cuándo se fundió la campana?", "fundió la campana?"),
        ("Combien pèse la cloche ?", "la cloche ?"),
        ("Когда был отлит колокол?", "отлит колокол?"),
        (
            "Is unemployment insurance part of a federal program?",
            "Is unemployment insurance part of a federal program?",
        ),
        ("Who was Hubble?", "Hubble?"),
        ("What works?", "What works?"),
    ],
)
def test_what_was_asked_before_is_not_asked_again(earlier: str, about: str) -> None:
    assert standalone("How heavy is it?", said(earlier)) == f"{about}\nHow heavy is it?"


@pytest.mark.parametrize(
    "question",
    [
        "What is a misdemeanor?",
        "And who was Hubble?",
        "How much does it cost to have police reports or background check letters mailed?",
        "Wer ist die Königin?",
        "",
    ],
)
def test_a_question_with_words_of_its_own_is_read_alone(question: str) -> None:
    assert standalone(question, said("How tall are emperor penguins?")) == question


def test_a_question_that_points_back_to_nothing_is_read_alone() -> None:
    assert standalone("How heavy is it?", []) == "How heavy is it?"
    assert standalone("How heavy is it?", said("What is it?")) == "How heavy is it?"
