"""A snippet's tokens -> windows that fit an embedder."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.types import Span


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
