"""Text that a parser composes, block by block: the text, the blocks over it and the pages come out together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.parsers._blocks import capped
from ragcli.parsers._wire import MAX_CHARS
from ragcli.types import Block, BlockKind, Page

_SPACES: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n[ \n]*")
_DEEPEST: Final = 8  # levels of nested lists that are indented
_UNSEEN: Final = re.compile("[\u00ad\u2061-\u2064\ufeff]")  # soft hyphen, invisible operators
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def tidy(raw: str) -> str:
    """One space for white space, line breaks kept, soft hyphens (which are not seen) left out."""
    shown = _SPACES.sub(" ", _UNSTORABLE.sub("\ufffd", _UNSEEN.sub("", raw)))
    return _LINES.sub("\n", shown).strip()


def one_line(raw: str) -> str:
    """`tidy`, line breaks as spaces."""
    return tidy(raw).replace("\n", " ")


class Draft:
    """Blocks in reading order, a blank line between them; blank ones leave nothing."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._pages: list[Page] = []
        self._label: str | None = None
        self._joins = False
        self.length = 0

    def page(self, label: str) -> None:
        """The next block begins a page."""
        self._label, self._joins = label, False

    def heading(self, raw: str, level: int) -> None:
        """A title; `level` 1 is the top."""
        self._add(BlockKind.HEADING, one_line(raw), min(max(level, 1), 9))

    def paragraph(self, raw: str) -> None:
        """Prose; its line breaks stay."""
        self._add(BlockKind.PARAGRAPH, tidy(raw))

    def code(self, raw: str) -> None:
        """A listing, white space as it is; consecutive ones are one."""
        self._add(BlockKind.CODE, _UNSTORABLE.sub("\ufffd", raw).strip("\n").rstrip(), joins=True)

    def item(self, label: str, depth: int, raw: str) -> None:
        """A list's entry behind its label ("-", "2."); consecutive ones are one list."""
        shown = one_line(raw)
        if shown:
            self._add(BlockKind.LIST, "  " * min(depth, _DEEPEST) + f"{label} {shown}".lstrip(), joins=True)

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows as lines "| a | b |", the header first, of equal width; cells are one line each, blank rows left out."""
        shown = [cells for cells in rows if any(cells)]
        width = max(map(len, shown), default=0)
        lines: list[str] = []
        room = MAX_CHARS - self.length
        for cells in shown:
            lines.append("| " + " | ".join((*cells, *[""] * (width - len(cells)))) + " |")
            room -= len(lines[-1])
            if room < 0:
                raise UnreadableFile(f"limit: more than {MAX_CHARS} characters of text")
        start = self._add(BlockKind.TABLE, "\n".join(lines))
        for line in lines:
            self._blocks.append(Block(BlockKind.ROW, start, start + len(line)))
            start += len(line) + 1

    def insert(self, text: str, blocks: Sequence[Block]) -> None:
        """Text that has its blocks already."""
        lead = len(text) - len(text.lstrip())
        if not text.strip():
            return
        start = self._add(BlockKind.PARAGRAPH, text.strip()) - lead
        self._blocks.pop()
        self._blocks += [replace(block, start=block.start + start, end=block.end + start) for block in blocks]

    def close(self) -> tuple[str, tuple[Block, ...], tuple[Page, ...], tuple[str, ...]]:
        """Text, blocks, pages, and a note where there were too many blocks."""
        text = "".join(self._parts)
        blocks, notes = capped(text, self._blocks)
        return text, blocks, tuple(self._pages), notes

    def _add(self, kind: BlockKind, shown: str, level: int = 0, *, joins: bool = False) -> int:
        """Writes a block, or adds a line to the last one; gives where `shown` starts."""
        if not shown.strip():
            return self.length
        joined = joins and self._joins and self._label is None and self._blocks[-1].kind is kind
        gap = ("\n" if joined else "\n\n") if self.length else ""
        start = self.length + len(gap)
        self._parts += (gap, shown)
        self.length = start + len(shown)
        if self.length > MAX_CHARS:
            raise UnreadableFile(f"limit: more than {MAX_CHARS} characters of text")
        if self._label is not None:
            self._pages.append(Page(start, self._label))
            self._label = None
        first = self._blocks.pop().start if joined else start
        self._blocks.append(Block(kind, first, self.length, level))
        self._joins = joins
        return start
