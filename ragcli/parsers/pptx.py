"""PowerPoint (PPTX): a page a slide under its title, with lists, tables, charts and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ragcli.parsers._draft import Draft, one_line
from ragcli.parsers._ooxml import Package, Related
from ragcli.parsers._xml import attribute, child, tree
from ragcli.parsers._zip import is_office
from ragcli.types import BlockKind, Parsed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIXES: Final = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm")

_TITLES: Final = ("title", "ctrTitle")
_AROUND: Final = ("dt", "ftr", "hdr", "sldNum", "sldImg")  # placeholders that repeat on every slide
_LISTED: Final = ("", "body", "obj")  # placeholders whose paragraphs the slide's layout marks with bullets
_NOTED: Final = 20
_POINTS: Final = 2000  # of a chart
_MAX_SLIDES: Final = 5000


def claims(head: bytes) -> bool:
    """Whether a file that begins so is a presentation, whatever its name."""
    return is_office(head, "ppt/")


def parse(raw: bytes, name: str, /) -> Parsed:
    """One page a slide, labelled "slide 3"; a slide without a title is headed "Slide 3"."""
    if not raw.strip():
        return Parsed(text="", notes=("empty file",))
    package = Package(raw, "presentation", "a presentation")
    reader = _Reader(package)
    hidden = []
    slides = list(_slides(package))
    for number, part in enumerate(slides[:_MAX_SLIDES], 1):
        root = tree(package.archive.read(part), part)
        if root.get("show") in ("0", "false"):
            hidden.append(str(number))
        reader.slide(number, root, package.related(part))
    notes = [f"slides after {_MAX_SLIDES} left out"] if len(slides) > _MAX_SLIDES else []
    if hidden:
        notes.append(f"hidden slides: {', '.join(hidden[:_NOTED])}{', ...' if len(hidden) > _NOTED else ''}")
    title, metadata = package.properties()
    text, blocks, pages, more = reader.draft.close()
    if not reader.has_text:
        return Parsed("", title=title, metadata=metadata, notes=(f"slides without text: {len(slides)}", *notes))
    first = blocks[0]
    stated = title or (text[: first.end] if reader.is_titled and first.kind is BlockKind.HEADING else "")
    return Parsed(text, blocks, pages, stated, metadata, (*notes, *more))


def _slides(package: Package) -> Iterator[str]:
    """Parts of the slides in the order of the show."""
    related = package.related(package.main_part)
    listed = child(package.main, "sldIdLst")
    for element in listed if listed is not None else ():
        target = related.get(attribute(element, "id"))
        if target is not None and target.part in package.archive:
            yield target.part


class _Reader:
    """Writes slide after slide into the draft."""

    def __init__(self, package: Package) -> None:
        self.draft = Draft()
        self.has_text = False
        self.is_titled = False  # the first slide
        self._package = package
        self._related: dict[str, Related] = {}

    def slide(self, number: int, root: Element, related: dict[str, Related]) -> None:
        """A slide and what its speaker noted."""
        self._related = related
        self.draft.page(f"slide {number}")
        shapes = child(root, "cSld", "spTree")
        found = list(_shapes(shapes)) if shapes is not None else []
        titles = [shape for shape in found if _placeholder(shape) in _TITLES]
        title = one_line(" ".join(text for shape in titles for text, _, _ in _paragraphs(shape)))
        self.draft.heading(title or f"Slide {number}", 1)
        self.is_titled |= bool(title) and number == 1
        before = self.draft.length
        for shape in found:
            if shape not in titles:
                self._shape(shape)
        self._notes()
        self.has_text |= bool(title) or self.draft.length > before

    def _shape(self, shape: Element) -> None:
        kind = _placeholder(shape)
        if shape.tag == "graphicFrame":
            self._graphic(shape)
        elif kind not in _AROUND:
            self._text(shape, listed=kind in _LISTED)

    def _text(self, shape: Element, *, listed: bool) -> None:
        """A shape's paragraphs: a list where they are marked so, or where the layout does it for several of them."""
        found = [(text, depth, mark) for text, depth, mark in _paragraphs(shape) if text.strip()]
        count = 0
        for text, depth, mark in found:
            is_item = mark in ("buChar", "buAutoNum", "buBlip") or (listed and mark != "buNone" and len(found) > 1)
            count = count + 1 if mark == "buAutoNum" else 0
            if is_item:
                self.draft.item(f"{count}." if mark == "buAutoNum" else "-", depth, text)
            else:
                self.draft.paragraph(text)

    def _graphic(self, frame: Element) -> None:
        """A table, a chart's numbers, or the texts of a diagram."""
        graphic = child(frame, "graphic", "graphicData")
        content = graphic[0] if graphic is not None and len(graphic) else None
        if content is None:
            return
        if content.tag == "tbl":
            self.draft.table(_rows(content))
            return
        target = self._related.get(attribute(content, "id") if content.tag == "chart" else attribute(content, "dm"))
        if target is None or target.part not in self._package.archive:
            return
        root = tree(self._package.archive.read(target.part), target.part)
        if content.tag == "chart":
            titles = (text for title in root.findall("chart/title") for text, _, _ in _paragraphs(title))
            self.draft.paragraph("\n".join(titles))
            self.draft.table(_chart(root))
        else:
            for point in root.iter("pt"):
                self.draft.item("-", 0, " ".join(text for text, _, _ in _paragraphs(point)))

    def _notes(self) -> None:
        for target in self._related.values():
            if target.kind == "notesSlide" and target.part in self._package.archive:
                root = tree(self._package.archive.read(target.part), target.part)
                bodies = [shape for shape in root.iter("sp") if _placeholder(shape) == "body"]
                said = [text for shape in bodies for text, _, _ in _paragraphs(shape) if text.strip()]
                if said:
                    self.draft.paragraph("Notes: " + "\n".join(said))


def _shapes(parent: Element) -> Iterator[Element]:
    """Shapes in drawing order, those of groups in place; of alternatives the first."""
    for element in parent:
        if element.tag in ("sp", "graphicFrame"):
            yield element
        elif element.tag in ("grpSp", "AlternateContent", "Choice"):
            yield from _shapes(element)


def _placeholder(shape: Element) -> str | None:
    """The type of placeholder a shape is, "" for one that states none, None for a free shape."""
    for holder in ("nvSpPr", "nvGraphicFramePr"):
        found = child(shape, holder, "nvPr", "ph")
        if found is not None:
            return found.get("type", "")
    return None


def _paragraphs(shape: Element) -> Iterator[tuple[str, int, str]]:
    """(text, depth, tag of its bullet) of each paragraph of a shape or cell."""
    for paragraph in shape.iter("p"):
        properties = child(paragraph, "pPr")
        marks = [e.tag for e in properties if e.tag.startswith("bu")] if properties is not None else []
        depth = properties.get("lvl", "0") if properties is not None else "0"
        mark = next((tag for tag in marks if tag in ("buNone", "buChar", "buAutoNum", "buBlip")), "")
        yield "".join(_pieces(paragraph)), int(depth) if depth in "012345678" else 0, mark


def _pieces(paragraph: Element) -> Iterator[str]:
    for element in paragraph.iter():
        if element.tag == "t":
            yield element.text or ""
        elif element.tag in ("br", "tab"):
            yield "\n" if element.tag == "br" else " "


def _rows(table: Element) -> list[list[str]]:
    """A cell over several rows is said in each, one over several columns in its first."""
    rows: list[list[str]] = []
    for line in table.findall("tr"):
        row: list[str] = []
        above = rows[-1] if rows else []
        for cell in line.findall("tc"):
            if cell.get("vMerge") in ("1", "true") and len(row) < len(above):
                row.append(above[len(row)])
            elif cell.get("hMerge") in ("1", "true"):
                row.append("")
            else:
                row.append(" ".join(filter(None, (one_line(text) for text, _, _ in _paragraphs(cell)))))
        rows.append(row)
    return rows


def _chart(root: Element) -> list[list[str]]:
    """Categories down, series across, by the values the chart was saved with."""
    columns: list[tuple[str, dict[str, str], dict[str, str]]] = []
    for series in root.iter("ser"):
        named = child(series, "tx")
        values = child(series, "val") if child(series, "val") is not None else child(series, "yVal")
        labels = child(series, "cat") if child(series, "cat") is not None else child(series, "xVal")
        name = " ".join(_points(named).values()) if named is not None else ""
        columns.append((name, _points(labels), _points(values)))
    if not columns or not any(values for _, _, values in columns):
        return []
    labels_of = next((labels for _, labels, _ in columns if labels), {})
    indexes = list(dict.fromkeys(key for _, labels, values in columns for key in (*labels, *values)))[:_POINTS]
    head = ["", *(name for name, _, _ in columns)]
    return [head, *([labels_of.get(key, ""), *(values.get(key, "") for _, _, values in columns)] for key in indexes)]


def _points(parent: Element | None) -> dict[str, str]:
    """Index -> cached value."""
    if parent is None:
        return {}
    found = ((e.get("idx", ""), child(e, "v")) for e in parent.iter("pt"))
    return {key: one_line(value.text or "") for key, value in found if value is not None}
