"""Styled segments to terminal lines: wrapped by display width, painted only where the look allows it.

The one module that writes escape sequences; it makes every segment safe first.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby, repeat
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import quote

from ragcli.record import record
from ragcli.render.safe import path_bytes, safe

SGR: Final = {
    "bold": "1",
    "dim": "2",
    "cited": "4",
    "quote": "1",
    "number": "36",
    "good": "32",
    "warn": "33",
    "bad": "31",
}
GLYPHS: Final = {"✓": "+", "✗": "x", "·": "-", "…": "...", "–": "-", "→": "->"}
MAX_WIDTH: Final = 100
# CJK text may break between any two characters, other text at spaces
_WIDE = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_FIRST_WIDE = "\u2e80"
_WORD = "\n| +|[^ \n]+"
# strings, which `re` compiles and keeps at their first use: sets this wide take 3 ms each
_WIDE_OR_WORD = f"\n| +|[{_WIDE}]|[^ \n{_WIDE}]+"
_STANDS_ALONE = f"[ \n{_WIDE}]"


@record
class Look:
    """What a stream can show. `width` is in cells, None where lines are not wrapped (a pipe)."""

    color: bool = False
    unicode: bool = True
    width: int | None = None

    def glyph(self, character: str) -> str:
        """The character, or its ASCII stand-in."""
        return character if self.unicode else GLYPHS[character]


@record
class Segment:
    """A run of text in one style; `link` is a target that this program built, `whole` keeps it on one line."""

    text: str
    style: str = ""
    link: str = ""
    whole: bool = False


def look_of(stream: TextIO, color: str, environ: Mapping[str, str]) -> Look:
    """The look of a stream. color: auto | always | never; `auto` obeys NO_COLOR, TERM=dumb and the terminal."""
    terminal = stream.isatty()
    wanted = terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    columns = environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and len(columns) < 6 else None
    if terminal and width is None:
        width = _terminal_width(stream)
    return Look(
        color=color == "always" or (color == "auto" and wanted),
        unicode=_carries(stream.encoding or "ascii", "".join(GLYPHS)),
        width=min(max(width, 20), MAX_WIDTH) if width else None,
    )


def _terminal_width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _carries(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def cells(text: str) -> int:
    """The columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def lay(segments: Iterable[Segment], look: Look, *, indent: str = "", first: str | None = None) -> str:
    """The segments as lines, each ended by a line feed, under `indent` (`first` on the first line)."""
    start = indent if first is None else first
    lines = _wrap(segments, _room(start, look), _room(indent, look))
    heads = chain([start], repeat(indent))
    return "".join(f"{head}{_paint(line, look)}".rstrip(" ") + "\n" for head, line in zip(heads, lines, strict=False))


def _room(head: str, look: Look) -> int | None:
    return None if look.width is None else max(look.width - len(head), 8)


def _wrap(segments: Iterable[Segment], first: int | None, rest: int | None) -> Iterator[list[Segment]]:
    """Greedy lines of `first` cells, then of `rest`; a space at a wrap is dropped, a word wider than a line cut."""
    line: list[Segment] = []
    used, width = 0, first
    for word in _words(segments):
        if word[0].text == "\n":
            yield line
            line, used, width = [], 0, rest
            continue
        for part in _cut(word, rest):
            size = sum(cells(segment.text) for segment in part)
            if width is not None and used and used + size > width:
                while line and not line[-1].text.strip(" "):  # a blank at a line's end would be underlined
                    line.pop()
                yield line
                line, used, width = [], 0, rest
                if not part[0].text.strip(" "):
                    continue
            line += part
            used += size
    yield line


def _words(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Line feeds, runs of spaces, wide characters and words; a word may run over several segments."""
    word: list[Segment] = []
    for segment in segments:
        text = safe(segment.text)
        pattern = _WORD if max(text, default="") < _FIRST_WIDE else _WIDE_OR_WORD
        for piece in [text] if segment.whole else re.findall(pattern, text):
            part = replace(segment, text=piece)
            if piece.startswith((" ", "\n")) or (piece >= _FIRST_WIDE and re.match(_STANDS_ALONE, piece)):
                if word:
                    yield word
                yield [part]
                word = []
            else:
                word.append(part)
    if word:
        yield word


def _cut(word: list[Segment], width: int | None) -> Iterator[list[Segment]]:
    if width is None or sum(cells(segment.text) for segment in word) <= width:
        yield word
        return
    part: list[Segment] = []
    used = 0
    for segment in word:
        for character in segment.text:
            size = cells(character)
            if used + size > width:
                yield part
                part, used = [], 0
            part.append(replace(segment, text=character))
            used += size
    yield part


def _paint(line: list[Segment], look: Look) -> str:
    painted = []
    for (style, link), run in groupby(line, key=lambda segment: (segment.style, segment.link)):
        text = "".join(segment.text for segment in run)
        if look.color and style:
            text = f"\x1b[{SGR[style]}m{text}\x1b[0m"
        if look.color and link:
            text = f"\x1b]8;;{link}\x1b\\{text}\x1b]8;;\x1b\\"
        painted.append(text)
    return "".join(painted)


def rewind(lines: int) -> str:
    """Takes the cursor to the start of the line `lines` above, and clears the screen from there on."""
    return f"\x1b[{lines}F\x1b[J" if lines else ""


def file_link(path: Path) -> str:
    """A file:// URL of an absolute path, percent-encoded: nothing of a name can end the escape sequence."""
    return "file://" + quote(path_bytes(str(path)))
