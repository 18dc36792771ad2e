"""Windows cover every token, within their size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.types import Span
from ragcli.windows import legibility, readable, windows


def tokens(count: int, every: int = 1) -> list[Span]:
    """`count` tokens of two characters; a word has `every` of them."""
    return [(i * 2 + i // every, i * 2 + i // every + 2) for i in range(count)]


def test_windows_of_no_tokens_are_none() -> None:
    assert windows([], size=4, stride=2) == []


def test_snippet_that_fits_is_one_window() -> None:
    spans = tokens(4)
    assert windows(spans, size=4, stride=2) == [(spans[0][0], spans[3][1])]


def test_last_window_is_shifted_back_rather_than_short() -> None:
    spans = tokens(9)
    assert windows(spans, size=4, stride=3)[-1] == (spans[5][0], spans[8][1])


def test_windows_begin_at_words_where_one_is_near() -> None:
    spans = tokens(200, every=3)
    starts = {start for i, (start, _) in enumerate(spans) if i % 3 == 0}
    assert all(start in starts for start, _ in windows(spans, size=40, stride=25))


def test_stride_beyond_the_size_is_refused() -> None:
    with pytest.raises(ValueError, match="stride"):
        windows(tokens(9), size=4, stride=5)


@given(st.integers(0, 300), st.integers(1, 9), st.integers(1, 60), st.data())
@settings(max_examples=300, deadline=None)
def test_windows_cover_every_token_within_the_size(count: int, every: int, size: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, size))
    spans = tokens(count, every)
    found = windows(spans, size=size, stride=stride)
    covered: set[int] = set()
    for start, end in found:
        inside = [i for i, span in enumerate(spans) if start <= span[0] and span[1] <= end]
        assert 0 < len(inside) <= size
        covered |= set(inside)
    assert covered == set(range(count))
    assert found == sorted(set(found))


@given(st.integers(1, 40), st.integers(1, 12), st.sets(st.integers(0, 39)))
def test_parts_hold_every_token_once_and_none_is_too_long(count: int, room: int, starts: set[int]) -> None:
    spans = tokens(count)
    sentences = [(spans[at][0], spans[at][1]) for at in sorted(starts) if at < count]
    parts = readable(sentences, spans, room)
    held = [[token for token in spans if start <= token[0] and token[1] <= end] for start, end in parts]
    assert [token for part in held for token in part] == spans
    assert max(map(len, held)) <= room


def test_a_part_begins_where_a_sentence_does() -> None:
    spans = tokens(10)
    assert readable([(0, 5), spans[6]], spans, 8) == [(0, spans[5][1]), (spans[6][0], spans[9][1])]


@pytest.mark.parametrize(("letters", "expected"), [(1, 0.0), (2, 0.25), (3, 0.75), (5, 1.0)])
def test_single_characters_are_not_read_and_words_are(letters: int, expected: float) -> None:
    assert legibility([(at, at + letters) for at in range(0, 60, letters)]) == expected
    assert legibility([]) == 0.0
