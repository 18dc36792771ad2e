"""Lines of a PDF page -> paragraphs and headings, from where the lines stand and how high they are."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ragcli.parsers import _tex_fonts

Titles = dict[str, tuple[int, set[int]]]
"""Normalised heading -> (level, page indices)."""

_HYPHEN: Final = re.compile("[\x02\ufffe\u00ad]\\s?")
_CONTROLS: Final = re.compile("[\x00\x01\x03-\x08\x0b-\x1f\x7f-\x9f\uffff\ud800-\udfff]")
# Fonts without a map to Unicode give Windows bytes: 0x92 is an apostrophe.
_WINDOWS: Final = {byte: bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)}
_WORD: Final = re.compile(r"\w+(?:-\w+)*")
_EDGE: Final = 40  # characters of a word looked at beside a hyphen
_NUMBER: Final = re.compile(r"(?:[\dIVX]+[.\d]*|[A-Z]\.)\s+")
_ENDS: Final = (".", "!", "?", ":", "。", "！", "？", "؟", "”", '"')
_TITLE_CHARS: Final = 120
_TALLER: Final = 1.15  # times the body's height makes a heading
_GAP: Final = 1.35  # times the usual distance of lines makes a paragraph


@dataclass(slots=True)
class Group:
    """The lines of a paragraph or heading; `level` where the outline gives it, `height` in points, 0 unknown."""

    lines: list[str]
    height: float = 0.0
    level: int = 0

    def heading_level(self, body: float) -> int:
        """The level that the height of a short group suggests, 0 for running text."""
        shown = " ".join(self.lines)
        if not body or self.height < body * _TALLER or len(shown) > _TITLE_CHARS or len(self.lines) > 3:
            return 0
        if sum(char.isalpha() for char in shown) < 3:
            return 0
        ratio = self.height / body
        return 1 if ratio >= 1.7 else 2 if ratio >= 1.35 else 3


@dataclass(slots=True)
class _Line:
    text: str
    x: float
    y: float
    foot: float  # y of the last character: pdfium gives a hyphenated line and the next as one
    right: float
    height: float


def groups_of(text_page: Any, index: int, titles: Titles) -> list[Group]:
    """A page's paragraphs, in the order of its text; what it draws last above all else comes first."""
    from statistics import median

    lines = _letterhead_first(list(_lines(text_page)))
    steps = [a.foot - b.y for a, b in pairwise(lines) if 0.6 * a.height < a.foot - b.y < 4 * max(a.height, 1)]
    heights = [line.height for line in lines] or [0.0]
    usual = median(steps) if len(steps) >= 4 else min(median(steps) if steps else 1e9, 1.5 * median(heights))
    groups: list[Group] = []
    previous: _Line | None = None
    widest = 0.0
    for line in lines:
        level = _outline_level(line.text, index, titles)
        fresh = previous is None or level or groups[-1].level or _breaks(previous, line, usual, widest)
        if fresh:
            groups.append(Group([], line.height, level))
            widest = 0.0
        groups[-1].lines.append(line.text)
        widest = max(widest, line.right)
        previous = line
    return groups


def normal(title: str) -> str:
    """A title as it is compared: without its number, case and spacing."""
    return _NUMBER.sub("", " ".join(title.split()), count=1).casefold()


def body_height(groups: Iterable[Group]) -> float:
    """The height most characters have, in points; 0 if unknown."""
    counts: Counter[float] = Counter()
    for group in groups:
        counts[round(group.height * 2) / 2] += sum(map(len, group.lines))
    return counts.most_common(1)[0][0] if counts else 0.0


def words_of(groups: Iterable[Group]) -> frozenset[str]:
    """The words of a document, hyphenated ones whole: what `rejoin` asks."""
    return frozenset(word.casefold() for group in groups for line in group.lines for word in _WORD.findall(line))


def rejoin(text: str, words: frozenset[str]) -> str:
    """Words parted at a line end made whole; the hyphen stays where only the hyphenated word is met elsewhere."""
    parts = _HYPHEN.split(text)
    joined = parts[:1]
    for left, right in pairwise(parts):
        head = re.findall(r"\w+", left[-_EDGE:])[-1:] or [""]
        tail = re.findall(r"\w+", right[:_EDGE])[:1] or [""]
        whole, hyphened = (head[0] + tail[0]).casefold(), f"{head[0]}-{tail[0]}".casefold()
        keeps = (hyphened in words and whole not in words) or (head[0][-1:].islower() and tail[0][:1].isupper())
        joined += ("-" if keeps else "", right)
    return "".join(joined)


def _lines(text_page: Any) -> Iterable[_Line]:
    import pypdfium2.raw as raw

    start = 0
    x, y = ctypes.c_double(), ctypes.c_double()
    box, last = raw.FS_RECTF(), raw.FS_RECTF()
    for line in _tex_fonts.read(text_page).split("\r\n"):
        units = len(line) if line.isascii() else len(line.encode("utf-16-le", "surrogatepass")) // 2
        bare = _tex_fonts.joined(_CONTROLS.sub("", line.translate(_WINDOWS)).strip())
        if bare:
            first = raw.FPDFText_GetCharIndexFromTextIndex(text_page, start + len(line) - len(line.lstrip()))
            end = start + units - 1 - (len(line) - len(line.rstrip()))
            final = raw.FPDFText_GetCharIndexFromTextIndex(text_page, end)
            raw.FPDFText_GetCharOrigin(text_page, max(first, 0), x, y)
            left, head = x.value, y.value
            raw.FPDFText_GetCharOrigin(text_page, max(final, 0), x, y)
            raw.FPDFText_GetLooseCharBox(text_page, max(first, 0), box)
            raw.FPDFText_GetLooseCharBox(text_page, max(final, 0), last)
            yield _Line(bare, left, head, y.value, last.right, abs(box.top - box.bottom))
        start += units + 2


def _letterhead_first(lines: list[_Line]) -> list[_Line]:
    """Runs of lines that stand above all drawn before them, and over it, moved to the front: forms are often drawn so.
    What lies beside it, as a column does, stays; so does text that runs upward."""
    steps = [a.foot - b.y for a, b in pairwise(lines)]
    starts = [at for at, step in enumerate(steps, 1) if step < -2 * max(lines[at].height, 1)]
    if not starts or 2 * sum(step < 0 for step in steps) > len(steps):
        return lines
    found = lines[: starts[0]]
    top, left, right = _top(found), min(line.x for line in found), max(line.right for line in found)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        run = lines[start:end]
        is_over = min(line.x for line in run) < right and max(line.right for line in run) > left
        found = run + found if is_over and min(line.foot for line in run) > top else found + run
        top, left = max(top, _top(run)), min(left, *(line.x for line in run))
        right = max(right, *(line.right for line in run))
    return found


def _top(lines: list[_Line]) -> float:
    return max(line.y + 0.5 * line.height for line in lines)


def _outline_level(line: str, index: int, titles: Titles) -> int:
    level, pages = titles.get(normal(line), (0, set()))
    return level if index in pages else 0


def _breaks(a: _Line, b: _Line, usual: float, widest: float) -> bool:
    """Whether a paragraph ends between two lines."""
    step, height = a.foot - b.y, max(a.height, b.height, 1.0)
    if abs(step) < 0.6 * height:
        return False  # one row, or an exponent
    if abs(a.height - b.height) > 0.15 * height:
        return True
    ended = a.text.endswith(_ENDS)
    if step < 0:
        return ended  # the next column; a paragraph may go on there
    if step > _GAP * usual:
        return True
    word = len(b.text.split(maxsplit=1)[0]) + 1
    fits = a.right + 0.5 * height * word < max(widest, b.right)
    return ended and (fits or b.x > a.x + 0.8 * height)
