"""Plain text, and every textual file without a parser of its own: paragraphs, headings, code, tables, lists."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.types import Block, BlockKind, Fields, Parsed

SUFFIXES: Final = (".txt", ".text", ".rst", ".log")

# Files whose lines are no prose: their groups are CODE, and nothing in them is a heading.
_CODE: Final = frozenset(
    ".bash .bat .c .cc .cfg .cmake .conf .cpp .cs .css .go .h .hpp .ini .ipynb .java .jl .js .json .jsonl .kt .lua .m"
    " .php .pl .ps1 .py .pyi .r .rb .rs .scala .sh .sql .swift .toml .ts .tsx .xml .yaml .yml .zsh .log".split()
)
_ROWS: Final = frozenset((".csv", ".tsv"))
_TITLE_CHARS: Final = 120
_LOOSE_TITLE_CHARS: Final = 80  # a heading without underline
_HEAD_FIELDS: Final = 40
_HEAD_CHARS: Final = 500
_ADORNMENT: Final = frozenset("=-~^\"'`:.*+#_<>")
_FIELD: Final = re.compile(r"([A-Za-z][\w-]{0,39}):(?:[ \t]+(.*))?$")
_BULLET: Final = re.compile(r"(?:[-*+•‣]|\d{1,4}[.)]|[a-zA-Z][.)]|#\.)\s+\S")
_NUMBERED: Final = re.compile(
    r"(\d{1,3}(?:\.\d{1,3}){0,5})\.?\s+\S|(?:Chapter|Section|Appendix|Part)\s+\w{1,8}\b", re.I
)
# Matched against stripped lines only: leading white space would make it quadratic.
_BORDER: Final = re.compile(r"(?:\+[-=+]{2,}|=+(?:\s+=+)+|\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?)$")
_CODE_END: Final = ("{", "}", ";", ")", "]", "\\", ",")
_CODE_START: Final = (">>> ", "... ", "$ ", "# ", "//", "def ", "class ", "import ", "from ", "return ", "@", "<")


class _Line(NamedTuple):
    start: int
    end: int  # before trailing white space
    text: str  # without trailing white space


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded; a head of `Key: value` lines (as in a PEP) becomes metadata and title too."""
    text, notes = decode(raw)
    suffix = os.path.splitext(name)[1].lower()
    fields: Fields = ()
    groups = list(_groups(text))
    if suffix in _ROWS:
        found = [block for group in groups for block in _table(group)]
    elif suffix in _CODE:
        found = [Block(BlockKind.CODE, group[0].start, group[-1].end) for group in groups]
    else:
        fields = _head(groups[0]) if groups else ()
        found = list(_prose(groups, bool(fields)))
    blocks, more = capped(text, found)
    title = next((value for key, value in fields if key == "title"), "") or _first_heading(text, blocks)
    metadata = tuple(pair for pair in fields if pair[0] != "title")
    return Parsed(text=text, blocks=blocks, title=title, metadata=metadata, notes=(*notes, *more))


def _groups(text: str) -> Iterator[list[_Line]]:
    """Runs of lines that are not blank."""
    group: list[_Line] = []
    start = 0
    for line in text.split("\n"):
        bare = line.rstrip()
        if bare:
            group.append(_Line(start, start + len(bare), bare))
        elif group:
            yield group
            group = []
        start += len(line) + 1
    if group:
        yield group


def _head(group: list[_Line]) -> Fields:
    """The fields of an RFC-822-like head: the first group, two or more fields and nothing else."""
    fields: list[list[str]] = []
    for line in group:
        match = _FIELD.match(line.text)
        if match:
            fields.append([match[1].lower(), (match[2] or "").strip()])
        elif fields and line.text[0] in " \t":
            fields[-1][1] = f"{fields[-1][1]} {line.text.strip()}"[: _HEAD_CHARS + 1].strip()
        else:
            return ()
    if not 2 <= len(fields) <= _HEAD_FIELDS:
        return ()
    return tuple((key, value[:_HEAD_CHARS]) for key, value in fields if value)


def _prose(groups: list[list[_Line]], has_head: bool) -> Iterator[Block]:
    styles: list[str] = []
    underlined = any(_underline(group, at) for group in groups for at in range(min(2, len(group))))
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
            code = replace(code, end=rest[-1].end) if code else Block(BlockKind.CODE, rest[0].start, rest[-1].end)
            continue
        if code:
            yield code
            code = None
        opens_code = rest[-1].text.endswith("::") or rest[0].text.lstrip().startswith(".. code")
        level = 0 if underlined else _loose_level(rest, groups[number - 1] if number else [], following)
        if level:
            yield Block(BlockKind.HEADING, *_span(rest), level)
        else:
            yield from _body(rest)
    if code:
        yield code


def _heading(group: list[_Line], styles: list[str]) -> tuple[Block, list[_Line]] | None:
    """An underlined title at the top of a group, and the lines after it. Level: the order its style first came in."""
    over = 1 if _underline(group, 1) and _is_adornment(group[0].text) else 0
    if not _underline(group, over):
        return None
    style = group[over + 1].text[0] + ("o" if over else "")
    if style not in styles:
        styles.append(style)
    title = group[over]
    start = title.end - len(title.text.lstrip())
    return Block(BlockKind.HEADING, start, title.end, styles.index(style) + 1), group[over + 2 :]


def _underline(group: list[_Line], at: int) -> bool:
    """Whether line `at` of the group is a title, and the next one its underline."""
    if at + 1 >= len(group):
        return False
    title, under = group[at].text, group[at + 1].text
    return (
        _is_adornment(under)
        and not _is_adornment(title)
        and len(under) >= min(len(title.strip()) - 2, 20)
        and len(title) <= _TITLE_CHARS
        and any(char.isalnum() for char in title)
        and (at == 1 or not title[0].isspace())
        and "|" not in title
    )


def _is_adornment(line: str) -> bool:
    return len(line) >= 3 and line[0] in _ADORNMENT and line == line[0] * len(line)


def _loose_level(group: list[_Line], before: list[_Line], after: list[_Line]) -> int:
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


def _number_depth(group: list[_Line]) -> int:
    """2 for "1.2 Scope", 1 for "3. End" or "Chapter 4", 0 for a group that is no numbered line."""
    match = _NUMBERED.match(group[0].text) if len(group) == 1 else None
    return 0 if match is None else match[1].count(".") + 1 if match[1] else 1


def _is_code(group: list[_Line], expected: bool) -> bool:
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


def _body(group: list[_Line]) -> Iterator[Block]:
    """A table, a list, or a paragraph, which may lead into a list."""
    first = next((at for at, line in enumerate(group) if _is_row(line.text)), None)
    if first is not None and sum(_is_row(line.text) for line in group[first:]) >= max(2, len(group) - first - 1):
        if first:
            yield from _body(group[:first])
        yield from _table(group[first:])
        return
    bullets = [at for at, line in enumerate(group) if _BULLET.match(line.text.lstrip())]
    start = bullets[0] if bullets and (bullets[0] == 0 or len(bullets) > 1) else len(group)
    if start:
        yield Block(BlockKind.PARAGRAPH, *_span(group[:start]))
    if start < len(group):
        yield Block(BlockKind.LIST, group[start].start, group[-1].end)


def _is_row(line: str) -> bool:
    return line.count("|") >= 2 or _BORDER.match(line.strip()) is not None


def _table(group: list[_Line]) -> Iterator[Block]:
    """TABLE and its ROWs: the lines between the borders of a grid, else every line that is no border."""
    yield Block(BlockKind.TABLE, group[0].start, group[-1].end)
    if not group[0].text.lstrip().startswith("+"):
        yield from (Block(BlockKind.ROW, *_span([line])) for line in group if not _BORDER.match(line.text.strip()))
        return
    row: list[_Line] = []
    for line in group:
        if not _BORDER.match(line.text.strip()):
            row.append(line)
        elif row:
            yield Block(BlockKind.ROW, *_span(row))
            row = []
    if row:
        yield Block(BlockKind.ROW, *_span(row))


def _span(group: list[_Line]) -> tuple[int, int]:
    first = group[0]
    return first.end - len(first.text.lstrip()), group[-1].end


def _first_heading(text: str, blocks: tuple[Block, ...]) -> str:
    first = blocks[0] if blocks else None
    return text[first.start : first.end] if first and first.kind is BlockKind.HEADING else ""
