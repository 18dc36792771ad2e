"""Sentences are exact, ordered slices that lose nothing but whitespace."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.sentences import spans


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


@pytest.mark.parametrize(
    "marked",
    [
        "Mr. Smith paid $3.50 to Dr. J. R. Jones.|He left.",
        "The U.S. Senate met, e.g. on Jan. 5, 1990, i.e. early.|See Fig. 3.|Done.",
        "He lives in the U.S.|The end.",
        "Acme Inc. said so.|It was No. 5.",
        "Version 1.0.21 is out!|Why?|Well... then it ended\u2026|Next.",
        'He said "No."|Then he left.|"What?" he asked.|(It works.)|Next.[3]|Last',
        "Yahoo! is here.|i went home.|then i slept.",
        "これは文です。|「はい。」|と言った！|本当？|そうです",
        "यह वाक्य है।|दूसरा वाक्य।",
        "هل هذا سؤال؟|نعم.|هذا جواب۔|آخر",
        "Τι είναι;|Δεν ξέρω.",
        "Am 5. Mai kam er.|Im 19. Jahrhundert z. B. war es so.|Er ist ca. 50.",
    ],
)
def test_sentences_end_where_a_reader_ends_them(marked: str) -> None:
    expected = marked.split("|")
    assert split(" ".join(expected)) == expected


def test_stops_of_unspaced_scripts_need_no_space() -> None:
    assert split("一。二！三？四") == ["一。", "二！", "三？", "四"]


def test_thai_ends_at_spaces_between_long_runs() -> None:
    long = "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนหรือวรรณยุกต์"
    assert split(f"{long} {long}") == [long, long]
    assert split("ไทย ลาว") == ["ไทย ลาว"]


def test_items_rows_and_headings_stand_alone() -> None:
    text = "# Title\nText goes on\nand on. Next.\n- item one\n- item two\n  continues\n1. First\n2. Second\n"
    text += "| a | b |\n| 1 | 2 |\n"
    assert split(text) == [
        "# Title", "Text goes on\nand on.", "Next.", "- item one", "- item two\n  continues", "1. First", "2. Second",
        "| a | b |", "| 1 | 2 |",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        ["the lamp of the harbour,1201,every evening", "the long pier of granite,17,never at all"],
        ['"a cell, quoted, of many words";red', "another cell of as many words;green"],
        ["the lamp of the old harbour\tlit", "the long pier of granite\tdark"],
        ['{"name": "lamp of the harbour", "lit": true}', '{"name": "pier", "lit": false}'],
        ["2026-01-31 10:00:00 INFO the lamp is lit", "2026-01-31 10:00:05 INFO the lamp is out"],
        ["Jan 31 10:00:00 pier keeper: the lamp is lit", "Jan 31 10:00:05 pier keeper: the lamp is out"],
    ],
)
def test_records_stand_alone(rows: list[str]) -> None:
    assert split("\n".join(rows)) == rows


@pytest.mark.parametrize(
    "text",
    [
        "It cost 1,200 crowns to keep the lamp of the old harbour lit\nfor a year, and 2,400 to mend the pier after it",
        "Before the lamp of the old harbour was lit in the evening,\nand before the keeper had walked the pier,",
        '{"name": "the keeper of the old lamp in the harbour",\n  "since": 1891, "town": "no name at the sea"}',
        "The keeper, who was old, walked the whole of the long pier\nin the rain, which was cold, and lit the lamp",
        "He earned about 1,200 crowns in the first of those years and\nspent some 1,100 of them on oil for his lamp",
    ],
)
def test_prose_with_commas_goes_on(text: str) -> None:
    assert split(text) == [text]


def test_soft_wrapped_lines_go_on_and_blank_lines_end() -> None:
    wrapped = (
        "This is a long line of a paragraph that was wrapped at eighty characters by\nSome Editor, and it goes on here"
    )
    assert split(f"{wrapped}\n\nNew") == [wrapped, "New"]


def test_short_line_above_a_long_one_is_a_heading() -> None:
    below = "This is a long line of a paragraph that runs to about eighty characters or so."
    assert split(f"Introduction\n{below}") == ["Introduction", below]


def test_range_limits_the_sentences() -> None:
    text = "One. Two. Three."
    assert spans(text, 5, 9) == [(5, 9)]
    assert spans(text, 16) == []
    assert spans("") == spans(" \n ") == []


PIECES = st.sampled_from(
    "word Word e.g. Mr. 3.14 . ... ! ?\" 。 । ไทย ( ) [1] -_ |_ #_ 1._ \U0001f600".replace("_", "\u00a0").split(" ")
    + [" "] * 3 + ["\n", "\n\n", "\r\n", "\t", "\n- ", "\n1. ", "\n# ", "\u2028", "\f"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join), st.integers(0, 30), st.integers(0, 200))
@settings(max_examples=300, deadline=None)
def test_spans_are_trimmed_ordered_and_complete(text: str, start: int, length: int) -> None:
    end = min(start + length, len(text))
    at = start
    for first, beyond in spans(text, start, start + length):
        assert at <= first < beyond <= end
        assert text[at:first].strip() == ""
        assert text[first:beyond] == text[first:beyond].strip()
        at = beyond
    assert text[at:end].strip() == ""


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_covered(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "unit", [".", "a. ", "\n", ". ", ".)", "\n ", "word ", "ก ", "a\n", '"', "。", "A.B.", "a.[1]", "- a\n"]
)
def test_hostile_text_costs_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    spans(text)
    assert time.process_time() - began < 4
