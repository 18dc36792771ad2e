"""Pieces of a document under their headings -> joined with their neighbours where they are small."""

from __future__ import annotations

from functools import reduce
from typing import Final

from ragcli.record import record
from ragcli.types import Span

HARD_MIN: Final = 100
"""Words below which a snippet joins a neighbour of another section."""
HARD_MAX: Final = 400
"""Words that only an unbreakable unit exceeds, and then it is cut between words."""

Path = tuple[str, ...]


@record
class Piece:
    """A snippet in the making, under its headings."""

    start: int
    end: int
    words: int
    path: Path


def _shared(first: Path, second: Path) -> Path:
    count = 0
    while count < min(len(first), len(second)) and first[count] == second[count]:
        count += 1
    return first[:count]


def _joined(first: Piece, second: Piece) -> Piece:
    return Piece(first.start, second.end, first.words + second.words, _shared(first.path, second.path))


def _are_near(first: Piece, second: Piece) -> bool:
    """Whether one lies under the other or both under one heading."""
    depths = sorted((len(first.path), len(second.path)))
    return len(_shared(first.path, second.path)) >= min(depths[0], depths[1] - 1)


def join_small(pieces: list[Piece], min_words: int, max_words: int) -> list[Piece]:
    """Neighbours joined up to `max_words` where one has fewer than `min_words`, those of one parent first."""
    if sum(piece.words for piece in pieces) <= max_words:
        return [reduce(_joined, pieces)] if pieces else []
    found: list[Piece] = []
    for i, piece in enumerate(pieces):
        below = pieces[i + 1] if i + 1 < len(pieces) else None
        if found and _belongs(found[-1], piece, below, (min_words, max_words)):
            found[-1] = _joined(found[-1], piece)
        else:
            found.append(piece)
    return found


def _belongs(above: Piece, piece: Piece, below: Piece | None, bounds: Span) -> bool:
    """Whether a piece is joined to the one above: one of them is small, and none below suits it better."""
    small = min(above.words, piece.words)
    if small >= bounds[0] or above.words + piece.words > bounds[1]:
        return False
    could_wait = above.words >= bounds[0] and below is not None and piece.words + below.words <= bounds[1]
    if could_wait and below and len(_shared(piece.path, below.path)) >= len(_shared(above.path, piece.path)):
        return False
    return _are_near(above, piece) or small < HARD_MIN


def join_tiny(pieces: list[Piece], tiny: int) -> list[Piece]:
    """Those of fewer than `tiny` words joined to the nearer neighbour, then the smaller, up to 400 words."""
    found: list[Piece] = []
    for i, piece in enumerate(pieces):
        if found and min(found[-1].words, piece.words) < tiny and found[-1].words + piece.words <= HARD_MAX:
            below = pieces[i + 1] if i + 1 < len(pieces) else None
            if found[-1].words < tiny or below is None or not _fits_better(found[-1], piece, below):
                found[-1] = _joined(found[-1], piece)
                continue
        found.append(piece)
    return found


def _fits_better(above: Piece, piece: Piece, below: Piece) -> bool:
    """Whether a tiny piece belongs to the one below it rather than to the one above."""
    if piece.words + below.words > HARD_MAX:
        return False
    nearer = len(_shared(piece.path, below.path)) - len(_shared(above.path, piece.path))
    return nearer > 0 or (nearer == 0 and below.words < above.words)


def join_units(units: list[list[Piece]], tiny: int) -> list[Piece]:
    """The pieces of all slides, sheets or cells, each joined already: one of fewer than `tiny` words to a neighbour."""
    pieces = [piece for unit in units for piece in unit]
    return join_tiny(pieces, tiny) if len(units) > 1 else pieces
