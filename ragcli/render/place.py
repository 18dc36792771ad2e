"""Where a span of a document lies, in the words users use: page, line, section."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

from ragcli.record import record
from ragcli.types import UNITS, Document, Hit, Snippet, Span

Documents = Mapping[str, Document]
"""Documents by uri, for exact pages and surroundings; what is missing is taken from the snippet."""


@record
class Place:
    """A span of a document: its pages with their printed labels (none where there are no pages) and its lines."""

    uri: str
    start: int
    end: int
    pages: tuple[int, ...]
    page_labels: tuple[str, ...]
    lines: tuple[int, int]
    section: str


@record
class Here:
    """From where paths are seen: `base` is the folder that relative uris start at, `cwd` the user's."""

    base: Path
    cwd: Path

    def shown(self, uri: str) -> str:
        """The path as seen from the user's folder where it lies inside it, else the uri."""
        path = self.base / uri
        return str(path.relative_to(self.cwd)) if path.is_relative_to(self.cwd) else uri


def place_of(snippet: Snippet, span: Span, documents: Documents) -> Place:
    """The place of `span`, in characters of the document, inside the snippet; an empty span means the snippet."""
    start, end = max(span[0], snippet.start), min(span[1], snippet.end)
    if end <= start:
        start, end = snippet.start, snippet.end
    pages, labels = snippet.pages, snippet.page_labels
    document = documents.get(snippet.uri)
    if document is not None and document.pages:
        starts = [page.start for page in document.pages]
        first, last = max(bisect_right(starts, start), 1), max(bisect_right(starts, end - 1), 1)
        pages = tuple(range(first, last + 1))
        labels = tuple(page.label for page in document.pages[first - 1 : last])
    first_line = snippet.lines[0] + snippet.text.count("\n", 0, start - snippet.start)
    last_line = first_line + snippet.text.count("\n", start - snippet.start, end - 1 - snippet.start)
    return Place(snippet.uri, start, end, pages, labels, (first_line, last_line), field(snippet, "section"))


def field(snippet: Snippet, name: str) -> str:
    """The value of a field of the snippet, "" where it has none."""
    return dict(snippet.fields).get(name, "")


def title(snippet: Snippet) -> str:
    """The document's title, else the last part of its path."""
    return field(snippet, "title") or snippet.uri.rsplit("/", 1)[-1]


def best_span(hit: Hit) -> Span:
    """A hit's best span in characters of the document."""
    start, end = hit.best
    return hit.snippet.start + start, hit.snippet.start + end


def unit_of(labels: Sequence[str]) -> str:
    """What all labels begin with, such as "slide ", or "" where these are pages."""
    return next((unit for unit in UNITS if labels and all(label.startswith(unit) for label in labels)), "")


def pages_text(place: Place) -> str:
    """ "p. iii (3)", "pp. 3-4", "slides 2-3", "sheet Lamp", or "" where the format has no pages."""
    if not place.pages:
        return ""
    unit = unit_of(place.page_labels)
    if unit:
        return _units(unit.strip(), [label.removeprefix(unit) for label in place.page_labels])
    numbers = _range(str(place.pages[0]), str(place.pages[-1]))
    labels = [label or str(page) for label, page in zip(place.page_labels, place.pages, strict=False)]
    word = "p." if len(place.pages) == 1 else "pp."
    if not labels or labels == [str(page) for page in place.pages]:
        return f"{word} {numbers}"
    return f"{word} {_range(labels[0], labels[-1])} ({numbers})"


def lines_text(place: Place) -> str:
    """ ":12" or ":12-14", as editors and grep write it; "" where the format has pages."""
    return "" if place.pages else ":" + _range(str(place.lines[0]), str(place.lines[1]))


def _units(unit: str, names: list[str]) -> str:
    """ "slide 2", "slides 2-3", "sheets Lamp to Pier": names may hold hyphens themselves."""
    first, last = names[0], names[-1]
    if len(names) == 1:
        return f"{unit} {first}"
    return f"{unit}s {first}-{last}" if first.isdecimal() and last.isdecimal() else f"{unit}s {first} to {last}"


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"
