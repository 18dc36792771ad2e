"""Pages, slides, sheets and cells as a reader calls them."""

from __future__ import annotations

import pytest

from ragcli.render.place import Place, pages_text, place_of
from ragcli.types import Document, Page

from .records import document, snippet


def shown(*pages: tuple[int, str]) -> str:
    numbers, labels = tuple(number for number, _ in pages), tuple(label for _, label in pages)
    return pages_text(Place("a", 0, 1, numbers, labels, (1, 1), ""))


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        ([], ""),
        ([(3, "")], "p. 3"),
        ([(3, "3")], "p. 3"),
        ([(3, "iii")], "p. iii (3)"),
        ([(3, ""), (4, "")], "pp. 3-4"),
        ([(2, "slide 2")], "slide 2"),
        ([(2, "slide 2"), (3, "slide 3")], "slides 2-3"),
        ([(3, "cell 7")], "cell 7"),
        ([(3, "cell 7"), (4, "cell 9")], "cells 7-9"),
        ([(1, "sheet Lamp")], "sheet Lamp"),
        ([(1, "sheet Lamp"), (2, "sheet Q1-2024"), (3, "sheet Pier")], "sheets Lamp to Pier"),
        ([(1, "slide"), (2, "slide 2")], "pp. slide-slide 2 (1-2)"),
        ([(1, "slide 1"), (2, "sheet A")], "pp. slide 1-sheet A (1-2)"),
    ],
)
def test_pages_are_called_what_a_reader_calls_them(pages: list[tuple[int, str]], text: str) -> None:
    assert shown(*pages) == text


def test_a_quote_on_the_second_slide_is_placed_there() -> None:
    deck = document("a.pptx")
    named = tuple(Page(page.start, f"slide {number}") for number, page in enumerate(deck.pages, 1))
    deck = Document(deck.id, deck.uri, deck.sha256, deck.title, deck.text, named, deck.metadata)
    assert pages_text(place_of(snippet(deck), (22, 30), {deck.uri: deck})) == "slide 2"
    assert pages_text(place_of(snippet(deck), (0, 0), {})) == "slides 1-3"
