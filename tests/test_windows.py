"""Windows cover every token, within their size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.types import Span
from ragcli.windows import windows


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
