from __future__ import annotations

import pytest

from ragcli.verbatim import places


def test_every_place_is_found_whatever_the_white_space() -> None:
    text = "A red\n fox. One red fox."
    assert [text[start:end] for start, end in places("red fox", text)] == ["red\n fox", "red fox"]


@pytest.mark.parametrize(
    ("claim", "text"),
    [("2 feet", "1.2 feet"), ("cat", "category"), ("art", "a chart"), ("5 km", "5 kmh"), (" ", "a b")],
)
def test_a_piece_of_a_word_or_number_is_no_place(claim: str, text: str) -> None:
    assert places(claim, text) == []


def test_scripts_without_spaces_have_no_word_edges() -> None:
    assert places("帝企鹅", "最高的是帝企鹅。") == [(4, 7)]
