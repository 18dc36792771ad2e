"""A Word document's styles and numbering: what a paragraph is, and the label that stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ragcli.parsers._xml import attribute, child

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BASES: Final = 12  # how far a style's ancestors are followed
_HEADING: Final = re.compile(r"heading (\d)")
_CODE: Final = re.compile(r"html preformatted|(?:source )?code|code block|plain text|macro text|verbatim char|listing")
_CONTENTS: Final = re.compile(r"toc \d|toc heading|table of (?:figures|authorities)|index \d")
_LEVELS: Final = 9
_PLACE: Final = re.compile(r"%([1-9])")
_ROMAN: Final = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
                 (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph is by its style. `level` 0: no heading; `numbering`: (numId, ilvl), "" without."""

    level: int = 0
    is_title: bool = False
    is_code: bool = False
    is_contents: bool = False
    numbering: tuple[str, int] = ("", 0)


def styles_of(root: Element | None) -> dict[str, Style]:
    """Style id -> what it makes of a paragraph; a style has what its ancestors have."""
    found = {attribute(element, "styleId"): element for element in root.iter("style")} if root is not None else {}
    return {key: _style(list(_line(key, found))) for key in found}


def _line(key: str, found: dict[str, Element]) -> Iterator[Element]:
    """A style and its ancestors."""
    for _ in range(_BASES):
        element = found.get(key)
        if element is None:
            return
        yield element
        based_on = child(element, "basedOn")
        key = "" if based_on is None else attribute(based_on, "val")


def _style(line: list[Element]) -> Style:
    names = [attribute(element, "val").casefold() for style in line for element in style.findall("name")]
    first = names[0] if names else ""
    level = next((int(match[1]) for match in map(_HEADING.fullmatch, names) if match), 0)
    for element in reversed(line):
        level = outline(child(element, "pPr"), level)
    number, depth = "", 0
    for element in line:
        own, own_depth = numbering_of(child(element, "pPr"))
        number, depth = number or own, depth or own_depth
    is_title = first == "title"
    return Style(
        1 if is_title else level,
        is_title,
        any(_CODE.fullmatch(name) for name in names),
        _CONTENTS.fullmatch(first) is not None,
        (number, depth),
    )


def outline(properties: Element | None, otherwise: int) -> int:
    """The heading level that `outlineLvl` states (9 is body text), `otherwise` where it is silent."""
    element = child(properties, "outlineLvl")
    stated = "" if element is None else attribute(element, "val")
    if not stated.isascii() or not stated.isdigit():
        return otherwise
    return int(stated[:3]) + 1 if int(stated[:3]) < _LEVELS else 0


def numbering_of(properties: Element | None) -> tuple[str, int]:
    """(numId, ilvl) of `numPr`; numId "0" takes a style's numbering away, "" says nothing."""
    number, level = child(properties, "numPr", "numId"), child(properties, "numPr", "ilvl")
    return ("" if number is None else attribute(number, "val")), (0 if level is None else _int(level))


@dataclass(slots=True)
class _Level:
    start: int
    form: str
    text: str


@dataclass(slots=True)
class _List:
    """An abstract list: its levels, and how far each has counted."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The counters behind a document's lists and numbered headings; paragraphs are to come in order."""

    def __init__(self, root: Element | None) -> None:
        self._lists: dict[str, _List] = {}
        if root is None:
            return
        kinds = {attribute(e, "abstractNumId"): _levels(e) for e in root.findall("abstractNum")}
        shared: dict[str, dict[int, int]] = {key: {} for key in kinds}
        for element in root.findall("num"):
            kind = child(element, "abstractNumId")
            key = "" if kind is None else attribute(kind, "val")
            overrides = [(e, child(e, "startOverride")) for e in element.findall("lvlOverride")]
            made = _List(dict(kinds.get(key, {})), {} if overrides else shared.get(key, {}))
            for override, start in overrides:
                depth = _int(override, "ilvl")
                level = made.levels.get(depth)
                if level is not None and start is not None:
                    made.levels[depth] = _Level(_int(start), level.form, level.text)
            self._lists[attribute(element, "numId")] = made

    def label(self, number: str, depth: int) -> str | None:
        """The label of the next paragraph of that list and level ("-", "3.2"); None where it has none."""
        made = self._lists.get(number)
        level = made.levels.get(depth) if made else None
        if made is None or level is None:
            return None
        made.counts[depth] = made.counts.get(depth, level.start - 1) + 1
        for deeper in [key for key in made.counts if key > depth]:
            del made.counts[deeper]
        if level.form == "bullet":
            return "-"
        if level.form == "none" and not level.text:
            return None

        def counted(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            other = made.levels.get(at, level)
            return _written(made.counts.get(at, other.start), other.form)

        return _PLACE.sub(counted, level.text).strip() or None


def _levels(element: Element) -> dict[int, _Level]:
    found = {}
    for level in element.findall("lvl")[:_LEVELS]:
        parts = {name: child(level, name) for name in ("start", "numFmt", "lvlText")}
        start, form, text = parts["start"], parts["numFmt"], parts["lvlText"]
        found[_int(level, "ilvl")] = _Level(
            1 if start is None else _int(start),
            "decimal" if form is None else attribute(form, "val"),
            "" if text is None else attribute(text, "val")[:100],
        )
    return found


def _written(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and 0 < count <= 26 * 10:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = ""
        for value, sign in _ROMAN:
            roman += sign * (count // value)
            count %= value
        return roman.upper() if form == "upperRoman" else roman
    return f"{count:02}" if form == "decimalZero" else str(count)


def _int(element: Element, name: str = "val") -> int:
    stated = attribute(element, name)
    return int(stated[:6]) if stated.isascii() and stated.isdigit() else 0
