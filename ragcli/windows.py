"""A snippet's tokens -> windows, or parts, that fit an embedder; and how well it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragcli.types import Span

SPECIAL_TOKENS: Final = 2
"""That an embedder puts around what it reads."""


def windows(spans: Sequence[Span], *, size: int, stride: int) -> list[Span]:
    """Character spans of windows of at most `size` tokens, a new one every `stride` tokens or, to begin at a word, a
    little earlier; every token is in one. Raises ValueError unless 0 < stride <= size."""
    if not 0 < stride <= size:
        raise ValueError(f"0 < stride <= size does not hold: {stride}, {size}")
    found: list[Span] = []
    first, count = 0, len(spans)
    while first < count:
        beyond = min(first + size, count)
        found.append((spans[first][0], spans[beyond - 1][1]))
        if beyond == count:
            break
        following = min(first + stride, count - size)
        first = max(_word_start(spans, following, beyond), first + 1)
    return found


def _word_start(spans: Sequence[Span], at: int, beyond: int) -> int:
    """The nearest token from `at` on that does not touch the one before it, at most 8 on and not after `beyond`."""
    for i in range(at, min(at + 8, beyond + 1)):
        if spans[i - 1][1] < spans[i][0]:
            return i
    return at


def readable(spans: Sequence[Span], tokens: Sequence[Span], room: int) -> list[Span]:
    """Consecutive parts of at most `room` tokens that begin where a sentence does, or at a token where one
    sentence alone is longer."""
    starts = {start for start, _ in spans}
    parts: list[Span] = []
    first, cut = 0, 0
    for at, (start, _) in enumerate(tokens):
        if start in starts:
            cut = at
        if at - first >= room:
            cut = cut if cut > first else at
            parts.append((tokens[first][0], tokens[cut - 1][1]))
            first = cut
    if tokens[first:]:
        parts.append((tokens[first][0], tokens[-1][1]))
    return parts


def legibility(tokens: Sequence[Span]) -> float:
    """How well an embedder reads a text, 0 to 1, from the spans of its tokens.

    A word-piece model that was not trained on a script falls back to single characters, so characters per
    token tell: English 4-5, German about 3, Russian 2, Chinese 1.
    """
    if not tokens:
        return 0.0
    reach = sum(end - start for start, end in tokens) / len(tokens)
    return min(1.0, max(0.0, (reach - 1.5) / 2.0))
