"""Small pieces join a neighbour under the same heading first; none grows beyond its bound."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.pieces import HARD_MAX, HARD_MIN, Piece, join_small, join_tiny


def pieces(*sized: tuple[int, str]) -> list[Piece]:
    """Pieces of so many words under the headings of a path such as `a/b`, ten characters a word."""
    made: list[Piece] = []
    for words, path in sized:
        start = made[-1].end + 1 if made else 0
        made.append(Piece(start, start + 10 * words, words, tuple(path.split("/"))))
    return made


def test_a_document_that_fits_is_one_piece_under_what_its_sections_share() -> None:
    (joined,) = join_small(pieces((60, "a/b"), (60, "a/c"), (60, "a/d")), 150, 220)
    assert (joined.words, joined.path) == (180, ("a",))


def test_a_small_piece_joins_the_one_under_its_own_heading() -> None:
    joined = join_small(pieces((110, "a/b"), (110, "c/d"), (105, "c/d"), (200, "e")), 150, 220)
    assert [(piece.words, piece.path) for piece in joined] == [(110, ("a", "b")), (215, ("c", "d")), (200, ("e",))]


def test_a_tiny_piece_joins_even_where_the_bound_is_passed() -> None:
    joined = join_tiny(pieces((210, "a"), (20, "b"), (215, "b/c")), HARD_MIN)
    assert [piece.words for piece in joined] == [210, 235]


@given(st.lists(st.tuples(st.integers(1, HARD_MAX), st.sampled_from(["a", "a/b", "a/b/c", "a/d", "e", "e/f"]))))
@settings(max_examples=200, deadline=None)
def test_joining_keeps_all_words_in_order_within_the_bounds(sized: list[tuple[int, str]]) -> None:
    given_ = pieces(*sized)
    small = join_small(given_, 150, 220)
    for joined, bound in ((small, 220), (join_tiny(small, HARD_MIN), HARD_MAX)):
        assert sum(piece.words for piece in joined) == sum(piece.words for piece in given_)
        assert all(piece in given_ or piece.words <= bound for piece in joined)
        assert all(first.end < second.start for first, second in pairwise(joined))
