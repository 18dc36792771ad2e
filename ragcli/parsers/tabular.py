"""CSV and TSV: the file's own text, one ROW a record, the first of them the head."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ragcli.parsers._blocks import MAX_BLOCKS, trimmed
from ragcli.parsers._decode import decode
from ragcli.types import Block, BlockKind, Parsed, Span

SUFFIXES: Final = (".csv", ".tsv", ".tab")

_DELIMITERS: Final = ",;\t|"
_SAMPLE_LINES: Final = 60
_SAMPLE_CHARS: Final = 60_000
_RECORD_LINES: Final = 500
"""A record of more lines is a quotation mark without its partner."""
_STATED: Final = "sep="  # Excel's own first line


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded; the delimiter is found from the first lines, a quoted cell may hold line ends."""
    text, notes = decode(raw)
    start, delimiter = _stated(text)
    if not delimiter:
        delimiter = _sniffed(text, "\t" if os.path.splitext(name)[1].lower() in (".tsv", ".tab") else ",")
    rows = _records(text, start, delimiter)
    if rows is None:
        rows = list(_lines(text, start))
        notes = (*notes, "quotation marks do not match: read line by line")
    if not rows:
        return Parsed(text=text, notes=notes)
    if len(rows) >= MAX_BLOCKS:
        rows = rows[: MAX_BLOCKS - 1]
        notes = (*notes, f"rows known for the first {len(rows)} records only")
    table = Block(BlockKind.TABLE, rows[0][0], rows[-1][1])
    return Parsed(text=text, blocks=(table, *(Block(BlockKind.ROW, *row) for row in rows)), notes=notes)


def _stated(text: str) -> tuple[int, str]:
    """Where the rows begin, and the delimiter of a first line `sep=;`, "" without one."""
    line = text[:8].partition("\n")[0]
    if line.lower().startswith(_STATED) and len(line) == len(_STATED) + 1:
        return len(line) + 1, line[-1]
    return 0, ""


def _sniffed(text: str, usual: str) -> str:
    """The delimiter that gives most records of the first lines one and the same width, the wider the better."""
    lines = text[:_SAMPLE_CHARS].split("\n")[:_SAMPLE_LINES]
    if len(lines) > 1:
        lines.pop()  # may be cut off
    best, best_worth = usual, 0.0
    for delimiter in (usual, *_DELIMITERS.replace(usual, "")):
        widths = Counter(len(cells) for cells in _cells(lines, delimiter) if cells)
        wide = [(count, width) for width, count in widths.items() if width > 1]
        if not wide:
            continue
        count, width = max(wide)
        worth = count / widths.total() + min(width, 50) / 1000
        if worth > best_worth + (0.1 if best_worth else 0.0):  # the usual one unless another is clearly better
            best, best_worth = delimiter, worth
    return best


def _cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader([f"{line}\n" for line in lines], delimiter=delimiter)
    except csv.Error:
        return  # a field beyond the reader's limit: what came before decides


def _records(text: str, start: int, delimiter: str) -> list[Span] | None:
    """The span of each record, trimmed; None where a quotation mark without partner swallows the file."""
    ends = [start]

    def fed() -> Iterator[str]:
        for line in _kept(text, start):
            ends.append(ends[-1] + len(line))
            yield line

    reader = csv.reader(fed(), delimiter=delimiter)
    found: list[Span] = []
    before = 0
    try:
        for cells in reader:
            first, last = ends[before], ends[reader.line_num]
            if reader.line_num - before > _RECORD_LINES:
                return None
            before = reader.line_num
            if any(cell.strip() for cell in cells):
                found.append(trimmed(text, first, last))
    except csv.Error:
        return None
    return found


def _kept(text: str, start: int) -> Iterator[str]:
    """The lines with their ends."""
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _lines(text: str, start: int) -> Iterator[Span]:
    for line in _kept(text, start):
        row = trimmed(text, start, start + len(line))
        start += len(line)
        if row[0] < row[1]:
            yield row
