"""Plain text, and every textual file without a parser of its own: paragraphs, headings, code, tables, lists."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import BULLET, Line, groups, head, is_adornment, is_row, is_underlined, listing, span, table
from ragcli.types import Block, BlockKind, Fields, Parsed

SUFFIXES: Final = (".txt", ".text")

# Files whose lines are no prose and that no parser knows: their groups are CODE, and nothing in them is a heading.
_CODE: Final = frozenset(
    ".bat .cfg .cmake .conf .css .env .gradle .ini .properties .service .tf .toml .xml .xsd .yaml .yml".split()
)
_LOOSE_TITLE_CHARS: Final = 80  # a heading without underline
_NUMBERED: Final = re.compile(
    r"(\d{1,3}(?:\.\d{1,3}){0,5})\.?\s+\S|(?:Chapter|Section|Appendix|Part)\s+\w{1,8}\b", re.I
)
_CODE_END: Final = ("{", "}", ";", ")", "]", "\\", ",")
_CODE_START: Final = (">>> ", "... ", "$ ", "# ", "//", "def ", "class ", "import ", "from ", "return ", "@", "<")


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded; a head of `Key: value` lines (as in a letter) becomes metadata and title too."""
    text, notes = decode(raw)
    fields: Fields = ()
    found = list(groups(text))
    if os.path.splitext(name)[1].lower() in _CODE:
        blocks, more = capped(text, map(listing, found))
    else:
        fields = head(found[0]) if found else ()
        blocks, more = capped(text, _prose(found, bool(fields)))
    title = next((value for key, value in fields if key == "title"), "") or _first_heading(text, blocks)
    metadata = tuple(pair for pair in fields if pair[0] != "title")
    return Parsed(text=text, blocks=blocks, title=title, metadata=metadata, notes=(*notes, *more))


def _prose(groups: list[list[Line]], has_head: bool) -> Iterator[Block]:
    styles: list[str] = []
    underlined = any(is_underlined(group, at) for group in groups for at in range(min(2, len(group))))
    opens_code = False
    code: Block | None = None
    for number, group in enumerate(groups):
        following = groups[number + 1] if number + 1 < len(groups) else []
        if number == 0 and has_head:
            yield Block(BlockKind.PARAGRAPH, group[0].start, group[-1].end)
            continue
        rest = group
        while found := _heading(rest, styles):
            heading, rest = found
            if code:
                yield code
                code = None
            yield heading
        if not rest:
            continue
        if _is_code(rest, opens_code or code is not None):
            code = replace(code, end=rest[-1].end) if code else listing(rest)
            continue
        if code:
            yield code
            code = None
        opens_code = rest[-1].text.endswith("::")
        level = 0 if underlined else _loose_level(rest, groups[number - 1] if number else [], following)
        if level:
            yield Block(BlockKind.HEADING, *span(rest), level)
        else:
            yield from _body(rest)
    if code:
        yield code


def _heading(group: list[Line], styles: list[str]) -> tuple[Block, list[Line]] | None:
    """An underlined title at the top of a group, and the lines after it. Level: the order its style first came in."""
    over = 1 if is_underlined(group, 1) and is_adornment(group[0].text) else 0
    if not is_underlined(group, over):
        return None
    style = group[over + 1].text[0] + ("o" if over else "")
    if style not in styles:
        styles.append(style)
    title = group[over]
    start = title.end - len(title.text.lstrip())
    return Block(BlockKind.HEADING, start, title.end, styles.index(style) + 1), group[over + 2 :]


def _loose_level(group: list[Line], before: list[Line], after: list[Line]) -> int:
    """The level of a heading without underline: numbered, or all capitals, alone between blank lines; else 0."""
    line = group[0].text
    if len(group) > 1 or not after or len(line) > _LOOSE_TITLE_CHARS or line[0].isspace() or line[-1] in ".;,:!?|":
        return 0
    depth = _number_depth(group)
    if depth:
        is_item = depth == 1 and 1 in (_number_depth(before), _number_depth(after))  # of a list with blank lines
        return 0 if is_item else depth
    letters = [char for char in line if char.isalpha()]
    return 1 if len(letters) >= 3 and line.isupper() and "  " not in line.strip() else 0


def _number_depth(group: list[Line]) -> int:
    """2 for "1.2 Scope", 1 for "3. End" or "Chapter 4", 0 for a group that is no numbered line."""
    match = _NUMBERED.match(group[0].text) if len(group) == 1 else None
    return 0 if match is None else match[1].count(".") + 1 if match[1] else 1


def _is_code(group: list[Line], expected: bool) -> bool:
    """Doctests, and lines all indented by four or more that follow `::`, continue code, or look like it."""
    if group[0].text.lstrip().startswith(">>> "):
        return True
    if expected and all(line.text[0].isspace() for line in group):
        return True
    if not all(line.text.startswith(("    ", "\t")) for line in group):
        return False
    bare = [line.text.strip() for line in group]
    likely = sum(line.endswith(_CODE_END) or line.startswith(_CODE_START) for line in bare)
    return likely * 2 > len(bare)


def _body(group: list[Line]) -> Iterator[Block]:
    """A table, a list, or a paragraph, which may lead into a list."""
    first = next((at for at, line in enumerate(group) if is_row(line.text)), None)
    if first is not None and sum(is_row(line.text) for line in group[first:]) >= max(2, len(group) - first - 1):
        if first:
            yield from _body(group[:first])
        yield from table(group[first:])
        return
    bullets = [at for at, line in enumerate(group) if BULLET.match(line.text.lstrip())]
    start = bullets[0] if bullets and (bullets[0] == 0 or len(bullets) > 1) else len(group)
    if start:
        yield Block(BlockKind.PARAGRAPH, *span(group[:start]))
    if start < len(group):
        yield Block(BlockKind.LIST, group[start].start, group[-1].end)


def _first_heading(text: str, blocks: tuple[Block, ...]) -> str:
    first = blocks[0] if blocks else None
    return text[first.start : first.end] if first and first.kind is BlockKind.HEADING else ""
