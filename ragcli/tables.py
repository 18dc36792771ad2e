"""A table's first row -> the names of its columns, which a snippet that begins further down must know."""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from itertools import pairwise, zip_longest
from typing import Final

from ragcli.types import BlockKind, Parsed

SEPARATOR: Final = " | "
_ROW_CHARS: Final = 4000
_NAME_CHARS: Final = 60
_ALL_CHARS: Final = 500

_QUOTED: Final = re.compile(r'"[^"]*"')
_ITEM: Final = re.compile(r"(?:\A|\n)[^\S\n]*(?:\* )?- ")
_WIDE: Final = re.compile(r"(?<=\S)[^\S\n]{2,}(?=\S)")


class Heads:
    """The tables of a document by where they lie."""

    def __init__(self, parsed: Parsed) -> None:
        self._text = parsed.text
        pairs = [
            (table, row)
            for table, row in pairwise(parsed.blocks)
            if table.kind is BlockKind.TABLE and row.kind is BlockKind.ROW and row.end <= table.end
        ]
        self._starts = [table.start for table, _ in pairs]
        self._pairs = pairs

    def columns(self, start: int) -> str:
        """The column names of the table whose later rows hold `start`; "" elsewhere, its first row included."""
        at = bisect_right(self._starts, start) - 1
        if at < 0:
            return ""
        table, row = self._pairs[at]
        return column_names(self._text[row.start : row.end]) if row.end <= start < table.end else ""


def column_names(row: str) -> str:
    """The cells of a head as "Year | Sales"; "" where none holds a letter: such a row is no head."""
    cells = [" ".join(cell.split())[:_NAME_CHARS] for cell in _cells(row[:_ROW_CHARS].strip())]
    if not any(char.isalpha() for cell in cells for char in cell):
        return ""
    shown = SEPARATOR.join(cells)
    return shown if len(shown) <= _ALL_CHARS else shown[:_ALL_CHARS].rpartition(SEPARATOR)[0] + SEPARATOR + "…"


def _cells(row: str) -> list[str]:
    """By the marks that the row itself uses: list items (reStructuredText's list-table), pipes (a grid's row may have
    several lines), tabs, wide gaps, `;`, `,`."""
    if row.startswith("* - "):
        return _ITEM.split(row)[1:]
    if row.startswith("|") or SEPARATOR in row:
        lines = [line.strip().removeprefix("|").removesuffix("|").split("|") for line in row.splitlines()]
        return [" ".join(parts) for parts in zip_longest(*lines, fillvalue="")]
    bare = _QUOTED.sub("", row)
    if "\t" not in bare and _WIDE.search(bare):
        lines = [_WIDE.split(line.strip()) for line in row.splitlines()]
        return [" ".join(parts) for parts in zip_longest(*lines, fillvalue="")]
    delimiter = "\t" if "\t" in bare else max(";,|", key=bare.count)
    try:
        return next(csv.reader(row.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return row.split(delimiter)
