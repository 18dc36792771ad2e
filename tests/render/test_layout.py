from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.render.layout import Look, Segment, cells, file_link, lay, look_of

from .hostile import PAYLOADS, acting


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_lines_are_wrapped_at_the_width_and_indented() -> None:
    text = lay([Segment("one two three four five")], Look(width=14), indent="    ", first="1.  ")
    assert text == "1.  one two\n    three four\n    five\n"


def test_the_first_line_is_as_wide_as_its_own_indent_leaves_it() -> None:
    text = lay([Segment("label     "), Segment("one two three four five")], Look(width=20), indent=" " * 10, first="")
    assert text == "label     one two\n          three four\n          five\n"


def test_a_segment_that_is_whole_is_not_broken_at_its_spaces() -> None:
    verdict = [Segment("notes.md:7"), Segment("  "), Segment("✓ supported", "good", whole=True)]
    assert lay(verdict, Look(width=20)) == "notes.md:7\n✓ supported\n"


def test_wide_characters_count_two_cells_and_may_break_anywhere() -> None:
    assert cells("企鹅") == 4
    assert lay([Segment("企鹅是不会飞的鸟类")], Look(width=10)) == "企鹅是不会\n飞的鸟类\n"


def test_combining_marks_take_no_cell() -> None:
    assert cells("e\u0301") == 1


def test_a_word_wider_than_the_line_is_cut() -> None:
    assert lay([Segment("a" * 25)], Look(width=10)) == "a" * 10 + "\n" + "a" * 10 + "\n" + "a" * 5 + "\n"


def test_a_mark_stays_with_its_word() -> None:
    text = lay([Segment("one penguins", "cited"), Segment("[1]", "number"), Segment(" swim")], Look(width=13))
    assert text == "one\npenguins[1]\nswim\n"


def test_without_a_width_lines_are_not_wrapped() -> None:
    assert lay([Segment("word " * 100)], Look()) == ("word " * 100).rstrip() + "\n"


def test_without_color_there_is_no_escape_and_no_link() -> None:
    assert "\x1b" not in lay([Segment("text", "bold", "file:///x")], Look())


def test_with_color_a_run_is_painted_once() -> None:
    assert lay([Segment("a b c", "cited")], Look(color=True)) == "\x1b[4ma b c\x1b[0m\n"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("width", [None, 8, 80])
def test_segments_are_made_safe(payload: str, width: int | None) -> None:
    assert acting(lay([Segment(payload, "bold", "file:///x")], Look(color=True, width=width))) == []


@given(st.text(max_size=200), st.integers(8, 60))
@settings(max_examples=300, deadline=None)
def test_no_line_is_wider_than_the_look(text: str, width: int) -> None:
    lines = lay([Segment(text)], Look(width=width)).splitlines()
    assert all(cells(line) <= width for line in lines)


@given(st.lists(st.text(alphabet="ab 企\n", max_size=20), max_size=6), st.integers(8, 30))
@settings(max_examples=300, deadline=None)
def test_wrapping_loses_nothing_but_blanks(texts: list[str], width: int) -> None:
    text = lay([Segment(each) for each in texts], Look(width=width))
    assert "".join(text.split()) == "".join("".join(texts).split())


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if "\x00" not in p and "\ud800" not in p])
def test_a_link_is_percent_encoded_and_names_the_file(payload: str) -> None:
    link = file_link(Path("/tmp") / payload.replace("/", "_"))
    assert acting(f"\x1b]8;;{link}\x1b\\") == []
    assert unquote(link, errors="surrogateescape") == "file:///tmp/" + payload.replace("/", "_")


@pytest.mark.parametrize(
    ("environ", "color", "painted"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": ""}, "auto", True),
        ({"TERM": "dumb"}, "auto", False),
        ({}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_color_obeys_the_flag_then_the_environment(environ: dict[str, str], color: str, painted: bool) -> None:
    assert look_of(Terminal(), color, environ).color is painted


def test_a_pipe_is_plain_and_not_wrapped() -> None:
    assert look_of(io.StringIO(), "auto", {}) == Look(color=False, unicode=False, width=None)


def test_a_terminal_is_never_wider_than_readable() -> None:
    assert look_of(Terminal(), "auto", {"COLUMNS": "10000"}).width == 100
    assert look_of(Terminal(), "auto", {"COLUMNS": "1"}).width == 20


def test_an_encoding_without_the_glyphs_gets_ascii() -> None:
    ascii_stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert look_of(ascii_stream, "auto", {}).glyph("✓") == "+"
    assert look_of(Terminal(), "auto", {}).glyph("✓") == "✓"
