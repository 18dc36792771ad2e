"""What parsers share: paragraphs between other blocks, and the cap on blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ragcli.types import Block, BlockKind

MAX_BLOCKS: Final = 200_000
"""A file of 20 M characters has about 100,000 paragraphs; more is an attack on memory."""

_BREAK: Final = re.compile(r"\n[ \t]*\n\s*")


def filled(text: str, blocks: Iterable[Block], start: int = 0) -> Iterator[Block]:
    """`blocks` (sorted), and a PARAGRAPH for every run between blank lines that none of them covers."""
    for block in blocks:
        if block.kind is not BlockKind.ROW:
            yield from _paragraphs(text, start, block.start)
            start = block.end
        yield block
    yield from _paragraphs(text, start, len(text))


def capped(text: str, blocks: Iterable[Block]) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """At most MAX_BLOCKS blocks; what follows them is one paragraph, noted."""
    kept: list[Block] = []
    end = 0
    for block in blocks:
        if len(kept) >= MAX_BLOCKS and block.start >= end:
            start = max(end, block.start)
            kept.append(Block(BlockKind.PARAGRAPH, start, len(text.rstrip())))
            return tuple(kept), (f"structure known for the first {MAX_BLOCKS} blocks only",)
        kept.append(block)
        end = max(end, block.end)
    return tuple(kept), ()


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends; empty (start, start) where there is nothing else."""
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    return (start + lead, start + len(part.rstrip())) if lead < len(part) else (start, start)


def _paragraphs(text: str, start: int, end: int) -> Iterator[Block]:
    while start < end:
        gap = _BREAK.search(text, start, end)
        first, last = trimmed(text, start, gap.start() if gap else end)
        if first < last:
            yield Block(BlockKind.PARAGRAPH, first, last)
        start = gap.end() if gap else end
