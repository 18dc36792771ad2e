"""Word (DOCX): the body in order, headings by style, lists with their labels, footnotes below their paragraph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ragcli.parsers._docx_styles import Numbering, Style, numbering_of, outline, styles_of
from ragcli.parsers._draft import Draft, one_line
from ragcli.parsers._ooxml import Package, switched_on
from ragcli.parsers._xml import attribute, child
from ragcli.parsers._zip import is_office
from ragcli.types import BlockKind, Parsed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIXES: Final = (".docx", ".docm", ".dotx", ".dotm")

_PLAIN: Final = Style()
_WRAPPERS: Final = frozenset(
    ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice")
)
_LEFT_OUT: Final = {
    "del": "deleted text",
    "moveFrom": "deleted text",
    "commentReference": "comments",
    "altChunk": "embedded documents",
    "object": "embedded objects",
}
_SILENT: Final = frozenset(("pPr", "rPr", "instrText", "delInstrText", "Fallback", "rt", "fldData", "sdtPr", "tblPr"))
_WRITTEN: Final = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_MATH: Final = {"sup": "^", "sub": "_", "deg": "√"}  # what stands before a formula's part
_OPERATOR: Final = re.compile(r"[-+−±×·⋅*/= ]")
_MAX_COLUMNS: Final = 500


def claims(head: bytes) -> bool:
    """Whether a file that begins so is a Word document, whatever its name."""
    return is_office(head, "word/")


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as a reader sees it, without headers, footers, comments and deleted or hidden text. A DOCX has no pages."""
    if not raw.strip():
        return Parsed(text="", notes=("empty file",))
    package = Package(raw, "document", "a Word document")
    reader = _Reader(package)
    body = child(package.main, "body")
    if body is not None:
        reader.blocks(body)
    text, blocks, _, notes = reader.draft.close()
    title, metadata = package.properties()
    headings = (text[b.start : b.end] for b in blocks if b.kind is BlockKind.HEADING and b.level == 1)
    stated = title or reader.title or next(headings, "")
    return Parsed(text, blocks, (), stated, metadata, (*reader.notes(has_text=bool(text)), *notes))


class _Reader:
    """Walks the body and writes the draft; depth is bounded by the XML's."""

    def __init__(self, package: Package) -> None:
        self.draft = Draft()
        self.title = ""
        self._styles = styles_of(package.root("styles"))
        self._numbering = Numbering(package.root("numbering"))
        self._footnotes = {
            kind: {attribute(note, "id"): note for note in root if attribute(note, "type") in ("", "normal")}
            for kind in ("footnote", "endnote")
            if (root := package.root(f"{kind}s")) is not None
        }
        self._left_out: Counter[str] = Counter()
        self._noted = 0
        self._below: list[tuple[str, Element]] = []  # (label, footnote or text box) below the open paragraph
        self._in_cell = 0

    def blocks(self, parent: Element) -> None:
        """Everything block-like in `parent`, in order."""
        for element in parent:
            if element.tag == "p":
                self._paragraph(element)
            elif element.tag == "tbl":
                self._table(element)
            elif element.tag in _WRAPPERS:
                self.blocks(element)
            elif element.tag in _LEFT_OUT:
                self._left_out[_LEFT_OUT[element.tag]] += 1
            self._write_below()

    def notes(self, *, has_text: bool) -> tuple[str, ...]:
        """What the text lacks that the file has, for the ledger."""
        found = [f"{kind} left out: {count}" for kind, count in sorted(self._left_out.items()) if kind != "pictures"]
        if not has_text and self._left_out["pictures"]:
            found.append(f"no text: pictures only ({self._left_out['pictures']})")
        return tuple(found)

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        named = child(properties, "pStyle")
        style = self._styles.get("" if named is None else attribute(named, "val"), _PLAIN)
        number, depth = numbering_of(properties)
        if not number:
            number, depth = style.numbering
        shown = "".join(self._inline(element))
        if style.is_contents:
            self._left_out["lines of a table of contents"] += bool(shown.strip())
            return
        label = self._numbering.label(number, depth) if number and shown.strip() else None
        level = outline(properties, style.level)
        if level:
            self.title = self.title or (one_line(shown) if style.is_title else "")
            self.draft.heading(f"{label} {shown}" if label and label != "-" else shown, level)
        elif style.is_code:
            self.draft.code(shown)
        elif label:
            self.draft.item(label, depth, shown)
        else:
            self.draft.paragraph(shown)

    def _write_below(self) -> None:
        """Footnotes and text boxes of what was just written, unless a table's cell is still open."""
        while self._below and not self._in_cell:
            label, element = self._below.pop(0)
            if label:
                self.draft.paragraph(f"{label} {self._flat(element)}")
            else:
                self.blocks(element)

    def _inline(self, parent: Element) -> Iterator[str]:
        """The pieces of a paragraph's text."""
        for element in parent:
            tag = element.tag
            if tag == "t":
                yield element.text or ""
            elif tag in _WRITTEN:
                yield _WRITTEN[tag]
            elif tag in ("footnoteReference", "endnoteReference"):
                yield self._footnote(tag.removesuffix("Reference"), attribute(element, "id"))
            elif tag == "txbxContent":
                self._below.append(("", element))
            elif tag in _LEFT_OUT:
                self._left_out[_LEFT_OUT[tag]] += 1
            elif tag == "r" and switched_on(child(element, "rPr", "vanish")):
                self._left_out["hidden text"] += 1
            elif tag == "f" and child(element, "den") is not None:
                yield "/".join(
                    _bracketed("".join(self._inline(part))) for part in element if part.tag in ("num", "den")
                )
            elif tag == "d" and child(element, "e") is not None:
                yield f"({', '.join(''.join(self._inline(part)) for part in element.findall('e'))})"
            elif tag not in _SILENT:
                self._left_out["pictures"] += tag == "blip"
                yield _MATH.get(tag, "")
                yield from self._inline(element)

    def _footnote(self, kind: str, key: str) -> str:
        note = self._footnotes.get(kind, {}).pop(key, None)
        if note is None:
            return ""
        self._noted += 1
        self._below.append((f"[{self._noted}]", note))
        return f"[{self._noted}]"

    def _flat(self, element: Element) -> str:
        """The text of blocks in a place that holds none: a cell, a footnote. Its tables' cells follow one another."""
        parts = (one_line("".join(self._inline(p))) for p in _within(element, "p", through=("tbl", "tr", "tc")))
        return " ".join(filter(None, parts))

    def _table(self, element: Element) -> None:
        """Rows; a cell over several rows is said in each, one over several columns in its first."""
        cells = [list(_within(row, "tc")) for row in _within(element, "tr")]
        if max(map(len, cells), default=0) < 2:  # a frame around ordinary text
            for row in cells:
                for cell in row:
                    self.blocks(cell)
            return
        self._in_cell += 1
        rows: list[list[str]] = []
        for row in cells:
            above = rows[-1] if rows else []
            rows.append(self._row(row, above))
        self._in_cell -= 1
        self.draft.table(rows)

    def _row(self, cells: list[Element], above: list[str]) -> list[str]:
        row: list[str] = []
        for cell in cells:
            properties = child(cell, "tcPr")
            merge, span = child(properties, "vMerge"), child(properties, "gridSpan")
            continues = merge is not None and attribute(merge, "val") != "restart" and len(row) < len(above)
            row.append(above[len(row)] if continues else self._flat(cell))
            width = "" if span is None else attribute(span, "val")
            if width.isascii() and width.isdigit():
                row += [""] * min(int(width[:4]) - 1, _MAX_COLUMNS - len(row))
        return row


def _bracketed(formula: str) -> str:
    """A fraction's part as it reads on one line."""
    return f"({formula})" if _OPERATOR.search(formula) else formula


def _within(parent: Element, tag: str, through: tuple[str, ...] = ()) -> Iterator[Element]:
    """The `tag` elements of `parent`, also those that content controls, insertions and `through` wrap."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in _WRAPPERS or element.tag in through:
            yield from _within(element, tag, through)
