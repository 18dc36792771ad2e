from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from ragcli.render import chat
from ragcli.render.chat import COMMANDS, Live, help_text, passage_text, welcome_text
from ragcli.render.layout import Look, cells, rewind
from ragcli.render.place import Here

from .hostile import PAYLOADS, acting
from .records import QUOTE, TEXT, document, snippet

HERE = Here(Path("/home/someone/notes"), Path("/home/someone/notes"))
PLAIN = Look()
TERMINAL = Look(color=True, width=40)


def place(text: str, quote: str) -> tuple[int, int]:
    return text.index(quote), text.index(quote) + len(quote)


def test_the_welcome_counts_documents_and_earlier_questions() -> None:
    assert welcome_text(1, 0, PLAIN).startswith("1 document · /help")
    assert welcome_text(4_800, 1, PLAIN).startswith("4,800 documents · 1 earlier question · /help")


def test_the_help_fits_and_names_every_command() -> None:
    lines = help_text(TERMINAL).split("\n")
    assert max(cells(line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")) for line in lines) <= 40
    assert all(usage in help_text(PLAIN) for usage, _ in COMMANDS)


def test_a_source_is_shown_in_its_page_with_the_cited_words_marked() -> None:
    pdf = document()
    text = passage_text(1, snippet(pdf), place(TEXT, QUOTE), PLAIN, {pdf.uri: pdf}, HERE)
    assert text == (
        "[1] birds/penguins.pdf · p. 1 (3) · Size > Height\n"
        "\n"
        f"  [[{QUOTE}]]\n"
        "  They reach 122 cm.\n"
        "  The little penguin is the smallest.\n"
    )


def test_where_color_marks_the_words_no_brackets_do() -> None:
    pdf = document()
    text = passage_text(2, snippet(pdf), place(TEXT, QUOTE), Look(color=True), {pdf.uri: pdf}, HERE)
    assert f"\x1b[1m{QUOTE}\x1b[0m" in text
    assert "[[" not in text


def test_without_pages_some_lines_on_each_side_are_shown() -> None:
    lines = [f"This is line {number}." for number in range(100)]
    note = document("a.md", "\n".join(lines), paged=False)
    text = passage_text(1, snippet(note), place(note.text, lines[50]), PLAIN, {note.uri: note}, HERE)
    shown = text.split("\n")[2:-1]
    assert shown[0] == "  …This is line 42." or shown[0] == "  This is line 42."
    assert f"  [[{lines[50]}]]" in shown
    assert shown[-1].startswith("  This is line 58.")
    assert len(shown) == 2 * chat.LINES_AROUND + 1


def test_a_page_of_any_length_is_cut_around_the_words() -> None:
    text = "word " * 50_000 + QUOTE + " word" * 50_000
    long = replace(document(), text=text, pages=document().pages[:1])
    shown = passage_text(1, snippet(long), place(text, QUOTE), PLAIN, {long.uri: long}, HERE)
    assert len(shown) < 2 * chat.CHARS_AROUND + 200
    assert f"[[{QUOTE}]]" in shown
    assert shown.count("…") == 2


def test_an_unknown_document_is_shown_from_its_snippet() -> None:
    found = snippet(document(), 20)
    text = passage_text(1, found, place(TEXT, QUOTE), PLAIN, {}, HERE)
    assert text.split("\n")[2:-1] == [
        "  They live in the south.",
        f"  [[{QUOTE}]]",
        "  They reach 122 cm.",
        "  The little penguin is the smallest.",
    ]


def test_an_empty_span_shows_the_whole_snippet_marked() -> None:
    note = document("a.md", paged=False)
    text = passage_text(1, snippet(note), (0, 0), PLAIN, {note.uri: note}, HERE)
    assert text.count("[[") == 1
    assert text.index("[[Penguins are birds.") < text.index("smallest.")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_foreign_acts_on_the_terminal(payload: str) -> None:
    note = document(f"a{payload}.md", f"{payload}\n{QUOTE}{payload}", paged=False)
    for known in ({}, {note.uri: note}):
        assert not acting(passage_text(1, snippet(note), place(note.text, QUOTE), PLAIN, known, HERE))
    stream = io.StringIO()
    live = Live(stream, lambda: TERMINAL, lambda: 24, movable=True)
    live.add("a")
    live._next = 0.0
    live.add(payload)
    assert not acting(stream.getvalue())


def painted(look: Look, *texts: str, height: int = 24) -> tuple[Live, io.StringIO]:
    """A live answer that paints after every part."""
    stream = io.StringIO()
    live = Live(stream, lambda: look, lambda: height, movable=True)
    for text in texts:
        live.add(text)
        live._next = 0.0
    return live, stream


def test_an_answer_is_painted_over_as_it_grows_and_taken_away() -> None:
    live, stream = painted(TERMINAL, "It ", "lasted ", "forty days, which is longer than any other barrel.")
    live.clear()
    assert stream.getvalue() == (
        f"It lasted\n{rewind(1)}It lasted forty days, which is longer\nthan any other barrel.\n{rewind(2)}"
    )
    assert live.text == "It lasted forty days, which is longer than any other barrel."


def test_what_comes_at_once_is_not_painted() -> None:
    stream = io.StringIO()
    live = Live(stream, lambda: TERMINAL, lambda: 24, movable=True)
    for _ in range(5):
        live.add("word ")
    live.clear()
    assert stream.getvalue() == ""


def test_only_the_end_of_what_is_higher_than_the_window_is_painted() -> None:
    _, stream = painted(TERMINAL, "x", "\n".join(str(number) for number in range(100)), height=10)
    assert stream.getvalue().split("\n") == [*(str(number) for number in range(92, 100)), ""]


def test_a_window_of_another_width_keeps_what_stands_there() -> None:
    look = TERMINAL
    stream = io.StringIO()
    live = Live(stream, lambda: look, lambda: 24, movable=True)
    for text in ("a", "b"):
        live.add(text)
        live._next = 0.0
    look = replace(TERMINAL, width=30)
    live.add("c")
    assert stream.getvalue() == "ab\nabc\n"


@pytest.mark.parametrize(("look", "movable"), [(PLAIN, True), (Look(color=True), True), (TERMINAL, False)])
def test_where_nothing_can_be_taken_away_nothing_is_painted(look: Look, movable: bool) -> None:
    stream = io.StringIO()
    live = Live(stream, lambda: look, lambda: 24, movable=movable)
    for text in ("a", "b", "c"):
        live.add(text)
        live._next = 0.0
    live.clear()
    assert stream.getvalue() == ""


def test_without_color_an_answer_is_still_shown_while_it_comes() -> None:
    _, stream = painted(Look(width=40), "It ", "lasted")
    assert stream.getvalue() == "It lasted\n"
