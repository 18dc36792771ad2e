"""Excel (XLSX): a page a sheet under its name ("sheet Lamp"), rows as table rows, values as a person sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from ragcli.parsers._cellformat import code_of, general, iso, shown
from ragcli.parsers._draft import Draft, one_line
from ragcli.parsers._ooxml import Package
from ragcli.parsers._xml import attribute, child, events
from ragcli.parsers._zip import is_office
from ragcli.types import Parsed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIXES: Final = (".xlsx", ".xlsm", ".xltx", ".xltm")

MAX_CELLS: Final = 1_000_000
"""Of a workbook; what follows is left out and noted."""
_MAX_SHEETS: Final = 1000
_TITLE_CHARS: Final = 60  # of a page's label; Excel itself allows 31
_MAX_STRINGS: Final = 1_000_000
_MAX_MERGED: Final = 20_000  # cells of a sheet that repeat the value of the one they are merged with
_FREE_SLOTS: Final = 10_000
_SLOTS_PER_CELL: Final = 10
_CELL_CHARS: Final = 32_767  # Excel's own limit
_NOTED: Final = 20
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOGICAL: Final = {"1": "TRUE", "0": "FALSE"}

Row = dict[int, str]
"""Column -> what its cell shows; blank cells are not in it."""


class Line(NamedTuple):
    """A row by its number, and whether any of its cells is a number or a date."""

    number: int
    cells: Row
    has_numbers: bool


@dataclass(slots=True)
class _Book:
    """What all sheets refer to."""

    package: Package
    strings: list[str]
    formats: list[str]
    since_1904: bool
    left: int
    notes: list[str] = field(default_factory=list)


def claims(head: bytes) -> bool:
    """Whether a file that begins so is a workbook, whatever its name."""
    return is_office(head, "xl/")


def parse(raw: bytes, name: str, /) -> Parsed:
    """One page a sheet. Blank rows part tables; a row with one cell above a table is its caption."""
    if not raw.strip():
        return Parsed(text="", notes=("empty file",))
    package = Package(raw, "workbook", "a workbook")
    settings = child(package.main, "workbookPr")
    since_1904 = settings is not None and settings.get("date1904") in ("1", "true")
    book = _Book(package, _strings(package), _formats(package), since_1904, MAX_CELLS)
    draft = Draft()
    hidden = []
    has_text = False
    for number, (title, part, is_hidden) in enumerate(_sheets(package), 1):
        draft.page(f"sheet {title[:_TITLE_CHARS] or number}")
        draft.heading(title or "Sheet", 1)
        before = draft.length
        for table in _tables(list(_lines(book, title, part))):
            _write(draft, table)
        has_text |= draft.length > before
        if is_hidden:
            hidden.append(title)
    if hidden:
        book.notes.append(f"hidden sheets: {', '.join(hidden[:_NOTED])}{', ...' if len(hidden) > _NOTED else ''}")
    stated, metadata = package.properties()
    text, blocks, pages, more = draft.close()
    if not has_text:
        return Parsed("", title=stated, metadata=metadata, notes=tuple(book.notes))
    return Parsed(text, blocks, pages, stated, metadata, (*book.notes, *more))


def _sheets(package: Package) -> Iterator[tuple[str, str, bool]]:
    """(name, part, is hidden) of the worksheets, in order."""
    related = package.related(package.main_part)
    listed = child(package.main, "sheets")
    for element in list(listed)[:_MAX_SHEETS] if listed is not None else ():
        target = related.get(attribute(element, "id"))
        if target is not None and target.kind == "worksheet" and target.part in package.archive:
            yield one_line(element.get("name", "")), target.part, element.get("state", "visible") != "visible"


def _strings(package: Package) -> list[str]:
    """The shared strings, without their phonetic guides."""
    found: list[str] = []
    for related in package.related(package.main_part).values():
        if related.kind != "sharedStrings" or related.part not in package.archive:
            continue
        with package.archive.open(related.part) as stream:
            for element, opens in events(stream, related.part):
                if not opens and element.tag == "si" and len(found) < _MAX_STRINGS:
                    found.append(_text(element))
                    element.clear()
    return found


def _text(element: Element) -> str:
    """The runs of a string."""
    parts = [run.text or "" for run in element.findall("t")] + [run.text or "" for run in element.findall("r/t")]
    return one_line(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), "".join(parts)[:_CELL_CHARS]))


def _formats(package: Package) -> list[str]:
    """The format code of each cell style."""
    root = package.root("styles")
    listed = child(root, "numFmts")
    custom = {}
    for element in listed if listed is not None else ():
        custom[_count(element.get("numFmtId", ""))] = element.get("formatCode", "")
    styles = child(root, "cellXfs")
    return [code_of(_count(style.get("numFmtId", "")), custom) for style in styles] if styles is not None else []


def _lines(book: _Book, title: str, part: str) -> Iterator[Line]:
    """The rows that show anything, read as a stream; merged cells are filled in once the sheet is known."""
    found: list[Line] = []
    merged: list[tuple[int, int, int, int]] = []
    uncached = number = 0
    with book.package.archive.open(part) as stream:
        for element, opens in events(stream, part):
            if opens or element.tag not in ("row", "mergeCell"):
                continue
            if element.tag == "mergeCell":
                merged += _range(element.get("ref", ""))
                continue
            number = _count(element.get("r", "")) or number + 1
            line, missing = _line(book, element, number)
            element.clear()
            uncached += missing
            book.left -= len(line.cells)
            if book.left < 0:
                book.notes.append(f"sheet {title}: rows from {number} left out, more than {MAX_CELLS} cells")
                break
            if line.cells:
                found.append(line)
    if uncached:
        book.notes.append(f"sheet {title}: {uncached} formulas without a stored value")
    return _filled(found, merged)


def _line(book: _Book, row: Element, number: int) -> tuple[Line, int]:
    """A row, and how many of its formulas have no stored value."""
    cells: Row = {}
    column = -1
    uncached = 0
    has_numbers = False
    for cell in row.iter("c"):
        reference = _REFERENCE.fullmatch(cell.get("r", ""))
        column = _column(reference[1]) if reference else column + 1
        value = _value(book, cell)
        uncached += not value and child(cell, "f") is not None and child(cell, "v") is None
        if value:
            cells[column] = value
            has_numbers |= cell.get("t", "n") in ("n", "d")
    return Line(number, cells, has_numbers), uncached


def _value(book: _Book, cell: Element) -> str:
    """What a cell shows."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = child(cell, "is")
        return _text(inline) if inline is not None else ""
    found = child(cell, "v")
    stated = (found.text or "").strip() if found is not None else ""
    if not stated:
        return ""
    if kind == "s":
        at = _count(stated)
        return book.strings[at] if at < len(book.strings) else ""
    if kind == "b":
        return _LOGICAL.get(stated, "")
    if kind == "d":
        return one_line(iso(stated))
    if kind != "n":  # a formula's text, an error
        return one_line(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), stated[:_CELL_CHARS]))
    try:
        number = float(stated)
    except ValueError:
        return one_line(stated[:_CELL_CHARS])
    style = _count(cell.get("s", ""))
    code = book.formats[style] if style < len(book.formats) else ""
    return one_line(shown(number, code, since_1904=book.since_1904)) if code else general(number)


def _filled(lines: list[Line], merged: list[tuple[int, int, int, int]]) -> Iterator[Line]:
    """Rows in order; a cell merged over several rows is said in each of those that show something else."""
    by_number = {line.number: line for line in lines}
    left = _MAX_MERGED
    for top, bottom, first, _ in merged:
        value = by_number[top].cells.get(first, "") if top in by_number else ""
        for number in range(top + 1, bottom + 1) if value else ():
            left -= 1
            if left < 0:
                return iter(lines)
            if number in by_number:
                by_number[number].cells[first] = value
    return iter(sorted(by_number.values()))


def _tables(lines: list[Line]) -> Iterator[list[Row]]:
    """Rows that belong together: a blank row parts them, unless what follows goes on with the columns before."""
    table: list[Row] = []
    columns: set[int] = set()
    for before, line in pairwise([None, *lines]):
        if line is None:
            continue
        parted = before is not None and line.number > before.number + 1
        if parted and not (line.has_numbers and len(line.cells) > 1 and line.cells.keys() <= columns):
            yield table
            table, columns = [], set()
        table.append(line.cells)
        columns |= line.cells.keys()
    if table:
        yield table


def _write(draft: Draft, table: list[Row]) -> None:
    """Captions, then the table; one column only is no table, nor are cells scattered over a wide square."""
    columns = sorted({column for row in table for column in row})
    start = 0
    while start < len(table) and (len(table[start]) == 1 or len(columns) == 1):
        draft.paragraph(next(iter(table[start].values())))
        start += 1
    rows = table[start:]
    columns = sorted({column for row in rows for column in row})
    slots, filled = len(rows) * len(columns), sum(map(len, rows))
    if slots > max(_FREE_SLOTS, _SLOTS_PER_CELL * filled):
        draft.paragraph("\n".join(" | ".join(row[column] for column in sorted(row)) for row in rows))
        return
    draft.table([row.get(column, "") for column in columns] for row in rows)


def _range(reference: str) -> list[tuple[int, int, int, int]]:
    """(top, bottom, first, last) of "A1:C2", rows from 1 and columns from 0; [] for what is no range."""
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    return [(int(start[2]), int(end[2]), _column(start[1]), _column(end[1]))] if start and end else []


def _column(letters: str) -> int:
    """ "A" is 0, "AA" 26."""
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1


def _count(stated: str) -> int:
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else 0
