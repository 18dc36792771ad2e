"""Jupyter notebooks: what a person reads, a page for each cell; Markdown with its blocks, code and output as CODE."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._commonmark import TITLE_CHARS, blocks, first_title
from ragcli.parsers._decode import clean, decode
from ragcli.parsers._lines import groups, listing
from ragcli.types import Block, BlockKind, Fields, Page, Parsed

SUFFIXES: Final = (".ipynb",)

_OUTPUT_CHARS: Final = 6000
"""Of one cell's output: a table of 50 rows, or a traceback."""
_MAX_CELLS: Final = 20_000
_VALUE_CHARS: Final = 100
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-_])|\x1b")
_DATA_URI: Final = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%]{40,}")
_TEXTUAL: Final = ("text/plain", "text/markdown", "text/latex")


def parse(raw: bytes, name: str, /) -> Parsed:
    """Source and textual output of the cells in order; the language of the kernel is metadata. What is no notebook is
    read as text, with a note."""
    text, notes = decode(raw)
    if not text.strip():
        return Parsed(text="", notes=notes)
    try:
        book = json.loads(text)
        cells = _cells(book)
    except (ValueError, RecursionError, TypeError, AttributeError):
        kept, more = capped(text, map(listing, groups(text)))
        return Parsed(text=text, blocks=kept, notes=(*notes, "not a Jupyter notebook, read as text", *more))
    shown = _Shown()
    for number, cell in enumerate(cells[:_MAX_CELLS], 1):
        shown.cell(number, cell)
    notes = (*notes, *((f"{shown.cut} long outputs cut",) if shown.cut else ()))
    if len(cells) > _MAX_CELLS:
        notes = (*notes, f"read the first {_MAX_CELLS} of {len(cells)} cells")
    whole = shown.text()
    kept, more = capped(whole, shown.blocks)
    pages = tuple(shown.pages)
    return Parsed(whole, kept, pages, first_title(whole, kept)[:TITLE_CHARS], _language(book), (*notes, *more))


def _cells(book: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of format 4, or of the sheets of format 3. Raises ValueError where there is no list of cells."""
    cells = book.get("cells")
    if cells is None:
        cells = [cell for sheet in book["worksheets"] for cell in sheet["cells"]] if "worksheets" in book else None
    if not isinstance(cells, list):
        raise ValueError("no cells")
    return [cell for cell in cells if isinstance(cell, dict)]


def _language(book: Mapping[str, Any]) -> Fields:
    metadata = book.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for holder, key in (("language_info", "name"), ("kernelspec", "language"), ("kernelspec", "name")):
        part = metadata.get(holder)
        value = part.get(key) if isinstance(part, dict) else None
        if isinstance(value, str) and value.strip():
            return (("language", _sound(" ".join(value.split())[:_VALUE_CHARS])),)
    return ()


class _Shown:
    """The text so far, its blocks and its pages."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.blocks: list[Block] = []
        self.pages: list[Page] = []
        self.cut = 0

    def text(self) -> str:
        """All that was shown."""
        return "".join(self._parts)

    def cell(self, number: int, cell: Mapping[str, Any]) -> None:
        """Adds a cell that has text, as a page of its own."""
        page = Page(0 if not self.pages else self._length + 2, f"cell {number}")
        before = self._length
        kind = cell.get("cell_type")
        source = _sound(_joined(cell.get("source", cell.get("input", ""))))
        if kind == "markdown":
            self._add(source, list(blocks(source, 0)))
        elif kind == "heading":
            level = cell.get("level")
            depth = min(max(level, 1), 6) if isinstance(level, int) else 1
            title = source.strip()
            self._add(title, [Block(BlockKind.HEADING, 0, len(title), depth)])
        else:
            self._add_code(source)
        for output in _outputs(cell):
            if len(output) > _OUTPUT_CHARS:
                self.cut += 1
                output = output[:_OUTPUT_CHARS].rpartition("\n")[0] or output[:_OUTPUT_CHARS]
            self._add_code(output)
        if self._length > before:
            self.pages.append(page)

    def _add_code(self, shown: str) -> None:
        self._add(shown, [Block(BlockKind.CODE, 0, len(shown.strip("\n")))])

    def _add(self, shown: str, found: list[Block]) -> None:
        """Text without the blank lines around it, with the blocks that lie over it."""
        lead = len(shown) - len(shown.lstrip("\n")) if found and found[0].kind is not BlockKind.CODE else 0
        body = shown.strip("\n")
        if not body.strip():
            return
        gap = "\n\n" if self._length else ""
        at = self._length + len(gap) - lead
        self.blocks += (replace(block, start=block.start + at, end=block.end + at) for block in found)
        self._parts += (gap, body)
        self._length += len(gap) + len(body)


def _outputs(cell: Mapping[str, Any]) -> Iterator[str]:
    """The text of each output: streams, results, tracebacks; nothing that is encoded."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        if isinstance(output.get("traceback"), list):
            shown = "\n".join(_joined(line) for line in output["traceback"])
        elif isinstance(output.get("data"), dict):
            bundle = output["data"]
            shown = next((_joined(bundle[kind]) for kind in _TEXTUAL if kind in bundle), "")
        else:
            shown = _joined(output.get("text", ""))
        shown = _ANSI.sub("", shown).replace("\r\n", "\n")
        # a progress bar writes over what stands before its last "\r"
        shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in shown.split("\n"))
        yield _sound(_DATA_URI.sub("", shown))


def _joined(value: Any) -> str:
    """A multi-line string, which may be a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _sound(shown: str) -> str:
    return clean(shown, ())[0]
