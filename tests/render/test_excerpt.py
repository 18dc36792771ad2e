from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.render.excerpt import excerpt

TEXT = "First paragraph.\n\nBefore it. The quote\nitself. After it.\n\nLast paragraph."


def test_a_span_is_shown_in_its_paragraph_on_one_line() -> None:
    start = TEXT.index("The quote")
    parts = excerpt(TEXT, (start, TEXT.index(" After")))
    assert parts == ("Before it. ", "The quote itself.", " After it.")


def test_long_surroundings_are_cut_at_spaces() -> None:
    text = "word " * 100 + "QUOTE" + " word" * 100
    before, span, after = excerpt(text, (500, 505), around=21)
    assert (before, span, after) == ("…word word word word ", "QUOTE", " word word word word…")


def test_a_long_span_loses_its_middle() -> None:
    text = "a" * 50 + " " + "b" * 1000 + " " + "c" * 50
    _, span, _ = excerpt(text, (0, len(text)), longest=300)
    assert span.startswith("a" * 50 + " b")
    assert span.endswith("b " + "c" * 50)
    assert "… …" in span
    assert len(span) < 310


def test_an_empty_span_shows_the_beginning() -> None:
    assert excerpt(TEXT, (0, 0), around=10) == ("", "", "First paragraph.…")


def test_rows_of_a_table_keep_their_lines() -> None:
    text = "| Train | Weight |\n| :-- | --: |\n| Strike | 142 kg |\n| Going | 61 kg |\n\nAfter | it\nall."
    start = text.index("| Strike")
    parts = excerpt(text, (start, text.index("\n| Going")))
    assert parts == ("| Train | Weight |\n| :-- | --: |\n", "| Strike | 142 kg |", "\n| Going | 61 kg |")
    assert excerpt(text, (text.index("After"), len(text))).span == "After | it all."


@given(st.text(max_size=120), st.integers(0, 120), st.integers(0, 120), st.integers(1, 30))
@settings(max_examples=300, deadline=None)
def test_the_span_is_kept_whole_and_nothing_is_long(text: str, start: int, length: int, around: int) -> None:
    span = (min(start, len(text)), min(start + length, len(text)))
    before, middle, after = excerpt(text, span, around=around)
    assert middle.split() == text[span[0] : span[1]].split()
    assert max(len(before), len(after)) <= 2 * around + 1
    assert "\n" not in before + middle + after


def test_a_huge_text_costs_nothing() -> None:
    text = "\n" * 5_000_000
    started = time.process_time()
    excerpt(text, (2_000_000, 4_000_000))
    assert time.process_time() - started < 0.1
