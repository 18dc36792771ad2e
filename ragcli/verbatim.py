"""Where a text stands in another word for word, whatever its white space."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragcli.types import Span


def places(claim: str, text: str) -> list[Span]:
    """Every place where `claim` stands in `text` as whole words, any run of white space alike."""
    needle = " ".join(claim.split())
    if not needle:
        return []
    squeezed: list[str] = []
    at: list[int] = []
    for match in re.finditer(r"\s+|\S+", text):
        piece = " " if match.group().isspace() else match.group()
        squeezed.append(piece)
        at.extend(range(match.start(), match.start() + len(piece)))
    hay, start = "".join(squeezed), 0
    found: list[Span] = []
    while (start := hay.find(needle, start)) >= 0:
        if _whole(hay, start, start + len(needle)):
            found.append((at[start], at[start + len(needle) - 1] + 1))
        start += len(needle)
    return found


def _whole(text: str, start: int, end: int) -> bool:
    """No word or number is cut by the edges; scripts without spaces have no such edges."""

    def joins(left: str, right: str) -> bool:
        return left.isalnum() and right.isalnum() and ord(left) < 0x0E00 and ord(right) < 0x0E00

    if start and joins(text[start - 1], text[start]):
        return False
    if start > 1 and text[start].isdigit() and text[start - 1] in ".," and text[start - 2].isdigit():
        return False
    return not (end < len(text) and joins(text[end - 1], text[end]))
