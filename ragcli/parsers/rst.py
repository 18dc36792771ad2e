"""reStructuredText: the file's own text, its sections, lists, tables, literal blocks and directives over it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import (
    BULLET,
    Line,
    head,
    is_adornment,
    is_border,
    is_underlined,
    lines,
    listing,
    rows,
    span,
    table,
)  # fmt: skip
from ragcli.types import Block, BlockKind, Fields, Parsed

SUFFIXES: Final = (".rst", ".rest")

_TABLE_LINES: Final = 1000
_NESTING: Final = 12  # directives within directives; what lies deeper is a paragraph
_TITLE_CHARS: Final = 300
_DOCINFO_FIELDS: Final = 40
_FIELD: Final = re.compile(r":([^:\s](?:[^:\n]{0,78}[^:\s])?):(?:\s+(.*))?$")
_EXPLICIT: Final = re.compile(r"\.\.(?:\s|$)")
_DIRECTIVE: Final = re.compile(r"\.\.\s+(?:\|[^|]{1,80}\|\s+)?([A-Za-z][\w:+.-]{0,60})::(?:\s+|$)")
_NOTE: Final = re.compile(r"\.\.\s+\[[^\]\s]{1,80}\]\s")  # a footnote or a citation
_ROLES: Final = re.compile(r":[\w:+.-]{1,40}:(?=`)|[`*]+|(?<=\w)_+(?!\w)")
_ATTRIBUTION: Final = re.compile(r"\s*<[^<>]{1,300}>$")

_LISTINGS: Final = frozenset(
    "code code-block sourcecode highlight parsed-literal math doctest testcode testoutput prompt ipython graphviz"
    " productionlist raw literalinclude command-output digraph mermaid".split()
)
_SILENT: Final = frozenset(
    "contents toctree include index meta highlightlang default-role role sectnum class image currentmodule module"
    " testsetup testcleanup py:module py:currentmodule unicode date".split()
)


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. The head of a PEP and the field list at a document's top are metadata; the first title, or the
    head's, is the title."""
    text, notes = decode(raw)
    every = list(lines(text))
    first = next((at for at, line in enumerate(every) if line.text), len(every))
    beyond = next((at for at in range(first, len(every)) if not every[at].text), len(every))
    fields = head(every[first:beyond]) if first < beyond else ()
    start = beyond if fields else 0
    found = [Block(BlockKind.PARAGRAPH, *span(every[first:beyond]))] if fields else []
    found += _Scanner(every).blocks(start, len(every), _NESTING)
    blocks, more = capped(text, found)
    fields = fields or _docinfo(text, blocks)
    opening = next((block for block in blocks[:2] if block.kind is BlockKind.HEADING), None)
    title = next((value for key, value in fields if key == "title"), "") or (opening.name if opening else "")
    metadata = tuple(pair for pair in fields if pair[0] != "title")
    return Parsed(text=text, blocks=blocks, title=title[:_TITLE_CHARS], metadata=metadata, notes=(*notes, *more))


def _docinfo(text: str, blocks: Sequence[Block]) -> Fields:
    """The field list that opens the document or follows its title."""
    for block in blocks[:2]:
        if block.kind is BlockKind.LIST and text.startswith(":", block.start):
            matches = [_FIELD.match(line.strip()) for line in text[block.start : block.end].split("\n")]
            pairs = [(match[1].lower(), (match[2] or "").strip()) for match in matches if match]
            return tuple((key, value[:_TITLE_CHARS]) for key, value in pairs if value)[:_DOCINFO_FIELDS]
        if block.kind is not BlockKind.HEADING:
            break
    return ()


class _Scanner:
    """One pass over the lines; knows which underline is which level by the order in which they came."""

    def __init__(self, every: Sequence[Line]) -> None:
        self._lines = every
        self._styles: list[str] = []
        self._blanks = [n for n, line in enumerate(every) if not line.text]
        self._closed = [n for n, line in enumerate(every) if is_border(line.bare) and _is_blank(every, n + 1)]

    def blocks(self, at: int, stop: int, depth: int) -> Iterator[Block]:
        """The blocks of the lines `at` to `stop`, which begin as far left as the first of them."""
        every = self._lines
        is_literal = False
        left = next((line.indent for line in every[at:stop] if line.text), 0)
        while at < stop:
            line = every[at]
            if not line.text:
                at += 1
                continue
            if is_literal and line.indent > left:
                beyond = _while_indented(every, at, stop, left)
                yield listing(_filled(every, at, beyond))
                at, is_literal = beyond, False
                continue
            is_literal = False
            end = self._blank(at, stop)
            group = every[at : min(end, at + 3)]
            over = int(is_underlined(group, 1) and is_adornment(group[0].text))
            if is_underlined(group, over):
                yield self._heading(group, over)
                at += over + 2
            elif _EXPLICIT.match(line.bare):
                beyond = _while_indented(every, at + 1, stop, line.indent)
                yield from self._explicit(at, beyond, depth)
                at = beyond
            elif len(group) == 1 and is_adornment(line.bare):
                at += 1  # a transition
            else:
                beyond, found = self._body(at, end, stop)
                yield from found
                is_literal = every[beyond - 1].text.endswith("::")
                at = beyond

    def _blank(self, at: int, stop: int) -> int:
        """The first blank line from `at` on."""
        n = bisect_left(self._blanks, at)
        return min(self._blanks[n], stop) if n < len(self._blanks) else stop

    def _heading(self, group: Sequence[Line], over: int) -> Block:
        """From the overline, if there is one, so that it ends no other section."""
        title = group[over]
        style = group[over + 1].text[0] + "o" * over
        if style not in self._styles:
            self._styles.append(style)
        start = group[0].start if over else title.start + title.indent
        return Block(BlockKind.HEADING, start, title.end, self._styles.index(style) + 1, _plain(title.bare))

    def _explicit(self, at: int, beyond: int, depth: int) -> Iterator[Block]:
        """A directive or note; comments, targets and substitutions give no block."""
        every = self._lines
        beyond = at + len(_filled(every, at, beyond))
        first = every[at]
        directive = _DIRECTIVE.match(first.bare)
        if directive is None:
            if _NOTE.match(first.bare):
                yield Block(BlockKind.PARAGRAPH, *span(every[at:beyond]))
            return
        kind = directive[1].lower()
        body = _past_options(every, at + 1, beyond)
        if kind in _SILENT:
            return
        if kind in _LISTINGS:
            yield from ([listing(every[body:beyond])] if body < beyond else ())
            return
        argument = first.start + first.indent + directive.end()
        if argument < first.end:
            last = self._blank(at, beyond) if body == at + 1 else at + 1
            yield Block(BlockKind.PARAGRAPH, argument, every[last - 1].end)
            body = max(body, last)
        body = next((n for n in range(body, beyond) if every[n].text), beyond)
        if body < beyond:
            yield from self._content(kind, body, beyond, depth)

    def _content(self, kind: str, body: int, beyond: int, depth: int) -> Iterator[Block]:
        """What stands below a directive's options."""
        part = self._lines[body:beyond]
        if kind == "csv-table":
            yield Block(BlockKind.TABLE, *span(part))
            yield from (Block(BlockKind.ROW, *span([line])) for line in part if line.text)
        elif kind == "list-table":
            yield from _list_table(part)
        elif depth:
            yield from self.blocks(body, beyond, depth - 1)
        else:
            yield Block(BlockKind.PARAGRAPH, *span(part))

    def _body(self, at: int, end: int, stop: int) -> tuple[int, list[Block]]:
        """The block that begins at line `at`, whose lines without a blank go to `end`, and the line after it."""
        every, line = self._lines, self._lines[at]
        if line.bare.startswith("+") and is_border(line.bare):
            return end, list(table(every[at:end]))
        if is_border(line.bare):
            n = bisect_right(self._closed, at)
            closed = self._closed[n] + 1 if n < len(self._closed) else stop + 1
            end = closed if closed <= min(stop, at + _TABLE_LINES) else end
            return end, list(_simple(every[at:end]))
        if line.bare.startswith(">>> "):
            return end, [listing(every[at:end])]
        if BULLET.match(line.bare) or _FIELD.match(line.bare):
            beyond = _list_end(every, at, stop)
            return beyond, [Block(BlockKind.LIST, *span(_filled(every, at, beyond)))]
        return end, [Block(BlockKind.PARAGRAPH, *span(every[at:end]))]


def _is_blank(every: Sequence[Line], at: int) -> bool:
    return at >= len(every) or not every[at].text


def _plain(title: str) -> str:
    """A title without roles, quotes and link targets."""
    return " ".join(_ATTRIBUTION.sub("", _ROLES.sub("", title)).split())


def _while_indented(every: Sequence[Line], at: int, stop: int, left: int) -> int:
    """The first line from `at` on that is neither blank nor indented by more than `left`."""
    return next((n for n in range(at, stop) if every[n].text and every[n].indent <= left), stop)


def _filled(every: Sequence[Line], at: int, beyond: int) -> Sequence[Line]:
    """Those lines without the blank ones at their end."""
    while beyond > at + 1 and not every[beyond - 1].text:
        beyond -= 1
    return every[at:beyond]


def _past_options(every: Sequence[Line], at: int, beyond: int) -> int:
    """The first line of a directive's content: after its options, which are no prose, and the blank line below."""
    while at < beyond and every[at].text and _FIELD.match(every[at].bare):
        at += 1
    while at < beyond and not every[at].text:
        at += 1
    return at


def _list_end(every: Sequence[Line], at: int, stop: int) -> int:
    """The line after a list's last item: items of its indentation, blank lines, and all that is indented more."""
    left, last, is_field = every[at].indent, at + 1, every[at].bare.startswith(":")
    after_blank = False
    for n in range(at + 1, stop):
        line = every[n]
        if not line.text:
            after_blank = True
            continue
        mark = _FIELD if is_field else BULLET
        if line.indent < left or (line.indent == left and not mark.match(line.bare) and after_blank):
            break
        last, after_blank = n + 1, False
    return last


def _simple(group: Sequence[Line]) -> Iterator[Block]:
    """A row begins at each line whose first column is not blank; the lines above the second border are the head."""
    left = group[0].indent
    borders = [n for n, line in enumerate(group) if is_border(line.bare)]
    head_end = borders[1] if len(borders) > 2 else 1
    yield Block(BlockKind.TABLE, *span(group))
    yield from rows(group[:head_end], [n in borders or not group[n].text for n in range(head_end)])
    starts = [
        n
        for n in range(head_end, len(group))
        if n in borders or not group[n].text or group[n].indent <= left or set(group[n].text.strip()) <= set("- ")
    ]
    for first, beyond in pairwise([*starts, len(group)]):
        if group[first].text and not is_border(group[first].bare) and set(group[first].bare) != {"-"}:
            yield Block(BlockKind.ROW, *span(group[first:beyond]))


def _list_table(group: Sequence[Line]) -> Iterator[Block]:
    """A list of lists: a row for each item of the outer one."""
    left = group[0].indent
    yield Block(BlockKind.TABLE, *span(group))
    starts = [n for n, line in enumerate(group) if line.text and line.indent <= left]
    for first, beyond in pairwise([*starts, len(group)]):
        yield Block(BlockKind.ROW, *span(_filled(group, first, beyond)))
