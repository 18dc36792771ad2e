"""Each rule makes the question it is there for, with the passage that answers it, and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.reports import Made
from ragcli.starter import draw, questions_of
from ragcli.types import Document, Snippet


def of(text: str, *sections: tuple[str, int]) -> list[Made]:
    """The questions of a document called "Handbook" whose snippets begin at these sections."""
    sections = sections or (("", 0),)
    starts = [start for _, start in sections] + [len(text)]
    snippets = [
        Snippet(n, f"{n:016x}", 1, "a.md", start, end, text[start:end], (("section", section),), (1, 1))
        for n, ((section, start), end) in enumerate(zip(sections, starts[1:], strict=True))
    ]
    return questions_of(Document(1, "a.md", "", "Handbook", text, (), ()), snippets)


@pytest.mark.parametrize(
    ("text", "kind", "question", "answer", "gold"),
    [
        ("## How is the clock wound?\n\nWith the crank.", "asked", "How is the clock wound?", "", "With the crank."),
        ("Q: Wo liegt der Schlüssel?\nA: Hier drin.", "asked", "Wo liegt der Schlüssel?", "", "A: Hier drin."),
        ("- **Opening hours**: 9:00 to 17:00", "label", "Opening hours: Handbook", "9:00 to 17:00", None),
        ("The escapement is the part that drives the pendulum.", "definition", "What is the escapement?", "", None),
        ("Das Pendel ist ein Stab mit einer Linse.", "definition", "Was ist das Pendel?", "", None),
        ("The town bought the clock of the tower in 1893.", "year",
         "The town bought the clock of the tower in which year?", "1893", None),
        ("It runs for 31 hours on one winding, so it is wound daily.", "amount",
         "It runs for how many hours on one winding?", "31 hours", None),
        ("Die Uhr läuft mit dem Gewicht 31 Stunden und wird täglich aufgezogen.", "amount",
         "Die Uhr läuft mit dem Gewicht wie viele Stunden und wird täglich aufgezogen?", "31 Stunden", None),
    ],
)  # fmt: skip
def test_a_rule_makes_its_question(text: str, kind: str, question: str, answer: str, gold: str | None) -> None:
    (made,) = of(text)
    assert (made.kind, made.question, made.answer) == (kind, question, answer)
    assert made.text == text[slice(*made.span)] == (gold or text)


def test_a_table_gives_cells_by_row_and_column() -> None:
    text = "Each of the trains is wound.\n\n| Train | Weight |\n|---|---|\n| Strike | 142 kg |\n| Going | |\n"
    (made,) = [each for each in of(text) if each.kind == "table"]
    assert (made.question, made.answer, made.text) == ("What is the Weight of Strike?", "142 kg", "| Strike | 142 kg |")


def test_a_heading_gives_search_words_with_the_first_sentence_below() -> None:
    text = "# Winding\n\nPlease turn the crank slowly until it stops.\n"
    (made,) = of(text, ("Winding", 0))
    assert (made.kind, made.question, made.text) == (
        "heading",
        "Handbook Winding",
        "Please turn the crank slowly until it stops.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "It is the best that there is in the town.",
        "Call the keeper at 9:30 or on 12.03.2024 in the tower.",
        "The year was cold and the keeper slept in the tower.",
        "The lightning of 1884 came in through that hatch.",
        "Stand beside it: a visitor once set it swinging again.",
        "Why?",
        "Is it wound every day? Or is it wound twice?",
        "",
    ],
)
def test_where_no_rule_fits_there_is_no_question(text: str) -> None:
    assert of(text) == []


def made(kind: str, uri: str, number: int) -> Made:
    return Made(kind, f"{kind} {uri} {number}?", "", uri, (number, number + 1), "x")


def test_what_no_snippet_holds_is_not_asked_about() -> None:
    text = "Year: 2021\n\nThe gate is open."
    assert [each.kind for each in of(text)] == ["label"]
    assert of(text, ("", 12)) == []


def test_kinds_and_documents_take_turns() -> None:
    everything = [made("amount", "long.md", number) for number in range(30)]
    everything += [made("amount", "short.md", 1), made("asked", "long.md", 1), made("asked", "long.md", 2)]
    drawn = draw(everything, 4)
    assert sorted((each.kind, each.uri) for each in drawn) == [
        ("amount", "long.md"),
        ("amount", "short.md"),
        ("asked", "long.md"),
        ("asked", "long.md"),
    ]
    assert drawn == draw(everything, 4)


def test_no_question_is_drawn_twice_and_all_are_if_there_are_few() -> None:
    twice = [made("asked", "a.md", 1), made("asked", "a.md", 1), made("asked", "a.md", 2)]
    assert len(draw(twice, 10)) == 2
    assert draw([], 10) == []


@given(st.text(alphabet="aB1 .|?:-#\n,;(", max_size=200))
def test_every_gold_passage_is_the_documents_text(text: str) -> None:
    for each in of(text, ("B", 0)):
        assert each.text == text[slice(*each.span)]
        assert each.text.strip()
