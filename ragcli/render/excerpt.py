"""A span of a text in its surroundings, short enough to print."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ragcli.types import Span

AROUND: Final = 110
LONGEST: Final = 420
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_BLANK = re.compile(r"\s+")


class Excerpt(NamedTuple):
    """One line, in a table one a row, in three parts: `span` is what to highlight, the others may be empty."""

    before: str
    span: str
    after: str


def excerpt(text: str, span: Span, *, around: int = AROUND, longest: int = LONGEST) -> Excerpt:
    """The span with up to `around` characters of its paragraph on each side, cut at spaces, blanks collapsed.

    A span longer than `longest` loses its middle. An empty span gives the beginning of the text.
    """
    start, end = span
    if end <= start:
        return Excerpt("", "", _collapse(_head(text[: 2 * around + 1], 2 * around)).strip())
    middle = text[start:end]
    if end - start > longest:
        front, back = text[start : start + longest], text[end - longest : end]
        middle = f"{_head(front, longest * 2 // 3)} {_tail(back, longest // 3)}"
    before = _tail(_PARAGRAPH.split(text[max(start - around - 1, 0) : start])[-1], around)
    after = _head(_PARAGRAPH.split(text[end : end + around + 1], maxsplit=1)[0], around)
    return Excerpt(_collapse(before).lstrip(), _collapse(middle), _collapse(after).rstrip())


def _head(text: str, length: int) -> str:
    """At most `length` characters from the front, up to a blank if there is one in the last third."""
    if len(text) <= length:
        return text
    cut = max(text.rfind(" ", length * 2 // 3, length), text.rfind("\n", length * 2 // 3, length))
    return text[: cut if cut > 0 else length].rstrip() + "…"


def _tail(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return "…" + _head(text[::-1], length)[-2::-1].lstrip()


def _collapse(text: str) -> str:
    """Blanks become one space, or a line feed between the rows of a table; a part's edge may be a row's."""

    def joint(blank: re.Match[str]) -> str:
        sides = text[max(blank.start() - 1, 0) : blank.start()] + text[blank.end() : blank.end() + 1]
        return "\n" if "\n" in blank[0] and sides in {"|", "||"} else " "

    return _BLANK.sub(joint, text)
