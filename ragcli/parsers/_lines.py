"""What the parsers of plain-text formats share: lines with their places, groups between blank lines, pipe tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ragcli.types import Block, BlockKind, Fields, Span

BULLET: Final = re.compile(r"(?:[-*+•‣]|\d{1,4}[.)]|[a-zA-Z][.)]|#\.|\(\w{1,3}\))\s+\S")
"""The beginning of a list item, matched against a line without its indentation."""
ADORNMENT: Final = frozenset("=-~^\"'`:.*+#_<>")
_TITLE_CHARS: Final = 120
_HEAD_FIELDS: Final = 40
_HEAD_CHARS: Final = 500
_FIELD: Final = re.compile(r"([A-Za-z][\w-]{0,39}):(?:[ \t]+(.*))?$")
# Matched against stripped lines only: leading white space would make it quadratic.
_BORDER: Final = re.compile(r"(?:\+[-=+]{2,}|=+(?:\s+=+)+|\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?)$")


class Line(NamedTuple):
    """A line of the text without its trailing white space."""

    start: int
    end: int
    text: str

    @property
    def indent(self) -> int:
        """How many characters of white space it begins with."""
        return len(self.text) - len(self.text.lstrip())

    @property
    def bare(self) -> str:
        """Its text without white space at either end."""
        return self.text.strip()


def lines(text: str) -> Iterator[Line]:
    """Every line, blank ones too."""
    start = 0
    for line in text.split("\n"):
        bare = line.rstrip()
        yield Line(start, start + len(bare), bare)
        start += len(line) + 1


def groups(text: str) -> Iterator[list[Line]]:
    """Runs of lines that are not blank."""
    group: list[Line] = []
    for line in lines(text):
        if line.text:
            group.append(line)
        elif group:
            yield group
            group = []
    if group:
        yield group


def span(group: Sequence[Line]) -> Span:
    """From the first character of a group of lines to its last, without white space."""
    return group[0].start + group[0].indent, group[-1].end


def listing(group: Sequence[Line]) -> Block:
    """A group of lines as CODE, the indentation of its first line kept."""
    return Block(BlockKind.CODE, group[0].start, group[-1].end)


def head(group: Sequence[Line]) -> Fields:
    """The fields of an RFC-822-like head: two or more `Key: value` lines and nothing else; else ()."""
    fields: list[list[str]] = []
    for line in group:
        match = _FIELD.match(line.text)
        if match:
            fields.append([match[1].lower(), (match[2] or "").strip()])
        elif fields and line.indent:
            fields[-1][1] = f"{fields[-1][1]} {line.bare}"[: _HEAD_CHARS + 1].strip()
        else:
            return ()
    if not 2 <= len(fields) <= _HEAD_FIELDS:
        return ()
    return tuple((key, value[:_HEAD_CHARS]) for key, value in fields if value)


def is_adornment(line: str) -> bool:
    """Whether a line is one mark, three times or more: an underline, or a rule."""
    return len(line) >= 3 and line[0] in ADORNMENT and line == line[0] * len(line)


def is_underlined(group: Sequence[Line], at: int) -> bool:
    """Whether line `at` of a group is a title and the next one its underline; only one with an overline is indented."""
    if at + 1 >= len(group):
        return False
    title, under = group[at].text, group[at + 1].text
    return (
        is_adornment(under)
        and not is_adornment(title)
        and len(under) >= min(len(title.strip()) - 2, 20)
        and len(title) <= _TITLE_CHARS
        and any(char.isalnum() for char in title)
        and (at == 1 or not title[0].isspace())
        and "|" not in title
    )


def is_border(line: str) -> bool:
    """Whether a stripped line only parts the rows of a table."""
    return _BORDER.match(line) is not None


def is_row(line: str) -> bool:
    """Whether a line is a row of a table drawn with pipes, or a border of one."""
    return line.count("|") >= 2 or is_border(line.strip())


def table(group: Sequence[Line]) -> Iterator[Block]:
    """TABLE and its ROWs: the lines between the borders of a grid, else every line that is no border."""
    yield Block(BlockKind.TABLE, *span(group))
    if not group[0].bare.startswith("+"):
        yield from (Block(BlockKind.ROW, *span([line])) for line in group if not is_border(line.bare))
        return
    yield from rows(group, (is_border(line.bare) for line in group))


def rows(group: Sequence[Line], parts: Iterable[bool]) -> Iterator[Block]:
    """A ROW for each run of lines for which `parts` is false."""
    row: list[Line] = []
    for line, is_part in zip(group, parts, strict=True):
        if not is_part:
            row.append(line)
        elif row:
            yield Block(BlockKind.ROW, *span(row))
            row = []
    if row:
        yield Block(BlockKind.ROW, *span(row))
