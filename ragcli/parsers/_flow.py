"""Elements of a page, as they open and close -> lines of text and the blocks over them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from ragcli.types import Block, BlockKind

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_LISTS: Final = ("ul", "ol")
_CONTAINERS: Final = frozenset(("table", "pre", *_LISTS, *_HEADINGS))
_CELLS: Final = ("td", "th")
_KINDS: Final = {"table": BlockKind.TABLE, "pre": BlockKind.CODE, "ul": BlockKind.LIST, "ol": BlockKind.LIST}
_SPACED: Final = frozenset("p table ul ol dl pre blockquote figure article section main hr".split()) | _HEADINGS.keys()
BREAKING: Final = _SPACED | frozenset(
    "div li tr dt dd address aside caption center details summary dialog fieldset figcaption footer form header"
    " hgroup legend menu nav option optgroup search tbody thead tfoot body html dir".split()
)
"""Elements that begin and end a line."""
CLOSING: Final = BREAKING | frozenset(_CELLS)
"""Elements whose end `Flow.leave` wants to know."""
_SPACES: Final = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_NONE, _SPACE, _LINE, _PARAGRAPH = range(4)
_GAPS: Final = ("", " ", "\n", "\n\n")
_DEEPEST: Final = 8  # levels of nested lists that are indented


@dataclass(slots=True)
class _Container:
    """A table, list, heading or pre. `layout`: it holds what no block may hold, and becomes none itself."""

    tag: str
    layout: bool = False
    cells: int = 0
    start: int = -1
    items: int = 0


class _Event(NamedTuple):
    opens: bool
    tag: str  # "" for text
    text: str = ""
    container: _Container | None = None


class Flow:
    """Collects elements and text; `close` writes them. White space collapses outside `pre`."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._open: list[_Container] = []

    def text(self, raw: str) -> None:
        """Character data of the element that is open."""
        raw = raw.replace("\0", "\ufffd").replace("\u00ad", "")  # a soft hyphen is not seen
        self._events.append(_Event(True, "", raw))

    def enter(self, tag: str, role: str = "") -> None:
        """An element opens."""
        container = None
        if tag in _CONTAINERS:
            container = _Container(tag, layout=tag == "table" and role in ("presentation", "none"))
            self._open.append(container)
        elif tag in _CELLS and self._open:
            self._open[-1].cells += 1
        elif tag == "tr" and self._open and self._open[-1].cells < 2:
            self._open[-1].cells = 0
        self._events.append(_Event(True, tag, "", container))

    def leave(self, tag: str) -> None:
        """An element of CLOSING closes, in reverse order of opening."""
        container = self._open.pop() if tag in _CONTAINERS else None
        if container:
            container.layout |= container.tag == "table" and container.cells < 2
            if self._open and (container.layout or tag == "table" or tag in _HEADINGS):
                self._open[-1].layout = True
        self._events.append(_Event(False, tag, "", container))

    def close(self) -> tuple[str, list[Block]]:
        """The text, and its headings, tables with their rows, lists and code, sorted."""
        writer = _Writer()
        for event in self._events:
            if not event.tag:
                writer.text(event.text)
            elif event.opens:
                writer.enter(event.tag, event.container)
            else:
                writer.leave(event.tag, event.container)
        return writer.close()


class _Writer:
    """Second pass: of every container it is known whether it is a block or layout."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._gap = _NONE
        self._pre = 0
        self._lists: list[_Container] = []
        self._block: _Container | None = None
        self._bullet = ""
        self._row: list[str] = []  # cells that are complete
        self._cell: list[str] = []  # raw text of the open cell
        self._blocks: list[Block] = []
        self._rows: list[Block] = []

    def enter(self, tag: str, container: _Container | None) -> None:
        if container and self._block is None and not container.layout:
            self._around(tag)
            self._block = container
        if tag in _LISTS and container:
            self._lists.append(container)
        self._pre += tag == "pre"
        if self._in_table():
            self._in_row(tag)
            return
        self._around(tag)
        if tag == "li" and self._lists:
            self._lists[-1].items += 1
            indent = "  " * min(len(self._lists) - 1, _DEEPEST)
            self._bullet = indent + (f"{self._lists[-1].items}. " if self._lists[-1].tag == "ol" else "- ")

    def leave(self, tag: str, container: _Container | None) -> None:
        if self._in_table():
            self._in_row(tag)
        if tag in _LISTS and container:
            self._lists.pop()
        self._pre -= tag == "pre"
        if container is not None and container is self._block:
            self._end_block(container)
        if not self._in_table():
            self._around(tag)
            self._bullet = "" if tag == "li" else self._bullet

    def text(self, raw: str) -> None:
        if self._in_table():
            self._cell.append(raw)
        elif self._pre:
            self._append(raw.replace("\r\n", "\n").replace("\r", "\n"))
        else:
            shown = _SPACES.sub(" ", raw)
            if shown.startswith(" "):
                self._break(_SPACE)
            if shown.strip(" "):
                self._append(shown.strip(" "))
                if shown.endswith(" "):
                    self._break(_SPACE)

    def close(self) -> tuple[str, list[Block]]:
        return "".join(self._parts), self._blocks

    def _in_table(self) -> bool:
        return self._block is not None and self._block.tag == "table"

    def _in_row(self, tag: str) -> None:
        """Inside a table: cells end at a cell's ends, rows at a row's; every other break is a space."""
        if tag in _CELLS:
            self._end_cell()
        elif tag in ("tr", "caption"):
            self._end_row(is_row=tag == "tr")
        elif tag == "br" or tag in BREAKING:
            self._cell.append(" ")

    def _end_cell(self) -> None:
        """At both ends of a cell: what lies between two cells is white space and makes none."""
        shown = _SPACES.sub(" ", "".join(self._cell)).strip()
        self._row.append(shown)
        self._cell.clear()

    def _end_row(self, is_row: bool) -> None:
        if self._cell:
            self._end_cell()
        cells = self._row[1::2] if is_row and len(self._row) > 1 else [cell for cell in self._row if cell]
        shown = " | ".join(cells)
        self._row.clear()
        if not any(cells):
            return
        self._break(_LINE)
        start = self._append(shown)
        if is_row:
            self._rows.append(Block(BlockKind.ROW, start, self._length))
        self._break(_LINE)

    def _end_block(self, container: _Container) -> None:
        if container.tag == "table":
            self._end_row(is_row=False)
        self._block = None
        start, rows, self._rows = container.start, self._rows, []
        if start < 0:
            return
        level = _HEADINGS.get(container.tag, 0)
        kind = _KINDS.get(container.tag, BlockKind.HEADING)
        self._blocks += [Block(kind, start, self._length, level), *rows]

    def _around(self, tag: str) -> None:
        """The gap at an element's start and end; inside a list nothing stands apart."""
        if tag == "br" or tag in _CELLS:
            self._break(_LINE)
        elif tag in BREAKING:
            in_list = self._block is not None and self._block.tag in _LISTS
            self._break(_PARAGRAPH if tag in _SPACED and not in_list else _LINE)

    def _break(self, gap: int) -> None:
        self._gap = max(self._gap, gap)

    def _append(self, shown: str) -> int:
        """Writes the gap that is due, the bullet and `shown`; gives where the bullet or `shown` starts."""
        gap = _GAPS[self._gap] if self._length else ""
        written = self._bullet + shown
        start = self._length + len(gap)
        if self._block is not None and self._block.start < 0:
            shift = len(written) - len(written.lstrip("\n" if self._pre else None))
            self._block.start = start + shift
        self._gap, self._bullet = _NONE, ""
        self._parts += (gap, written)
        self._length = start + len(written)
        return start
