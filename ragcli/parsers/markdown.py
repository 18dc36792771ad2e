"""Markdown: the file's own text, with markdown-it-py's block structure over it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ragcli.parsers._blocks import capped, trimmed
from ragcli.parsers._decode import decode
from ragcli.types import Block, BlockKind, Fields, Parsed

if TYPE_CHECKING:
    from markdown_it.token import Token

SUFFIXES: Final = (".md", ".markdown", ".mdown", ".mkd")

_NESTING: Final = 20  # what CommonMark's own preset allows; deeper lists and quotes stay text
_FRONT_LINES: Final = 200
_FRONT_FIELDS: Final = 64
_FRONT_CHARS: Final = 1000
_TITLE_CHARS: Final = 300
_FENCE: Final = ("---", "...")
_KEY: Final = re.compile(r"([A-Za-z_][\w.-]{0,63}):(?:[ \t]+(.*))?$")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_MARKS: Final = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")
_KINDS: Final = {
    "paragraph_open": BlockKind.PARAGRAPH,
    "heading_open": BlockKind.HEADING,
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "blockquote_open": BlockKind.PARAGRAPH,
    "html_block": BlockKind.PARAGRAPH,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
    "table_open": BlockKind.TABLE,
    "tr_open": BlockKind.ROW,
}


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. Front matter becomes metadata and title and lies in no block; else the first H1 is the title."""
    text, notes = decode(raw)
    fields, start = _front_matter(text)
    blocks, more = capped(text, _blocks(text, start))
    title = next((value for key, value in fields if key == "title"), "") or _first_title(text, blocks)
    metadata = tuple(pair for pair in fields if pair[0] != "title")
    return Parsed(text=text, blocks=blocks, title=title[:_TITLE_CHARS], metadata=metadata, notes=(*notes, *more))


def _front_matter(text: str) -> tuple[Fields, int]:
    """Scalars and simple lists between two `---` lines at the top, and where the body starts."""
    if not text.startswith("---\n"):
        return (), 0
    start = 4
    lines: list[str] = []
    for line in text[4:].split("\n", _FRONT_LINES)[:_FRONT_LINES]:
        start += len(line) + 1
        if line.rstrip() in _FENCE:
            return _scalars(lines), min(start, len(text))
        lines.append(line.rstrip())
    return (), 0


def _scalars(lines: Sequence[str]) -> Fields:
    """`key: value`, `key: [a, b]` and `key:` with `- a` lines below; anything deeper is left out."""
    fields: dict[str, list[str]] = {}
    key = ""
    for line in lines:
        match = _KEY.match(line)
        if match:
            key = match[1].lower()
            value = (match[2] or "").strip()
            is_list = value.startswith("[") and value.endswith("]")
            fields.setdefault(key, []).extend(value[1:-1].split(",") if is_list else [value])
        elif key and line.lstrip().startswith("- "):
            fields[key].append(line.lstrip()[2:])
        elif line[:1] not in (" ", "\t", "#"):
            key = ""
    joined = ((key, ", ".join(filter(None, map(_scalar, values)))) for key, values in fields.items())
    return tuple((key, value[:_FRONT_CHARS]) for key, value in joined if value)[:_FRONT_FIELDS]


def _scalar(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1].strip()
    return "" if value in ("|", ">", "|-", ">-") else value.split(" #", 1)[0].strip()


def _blocks(text: str, start: int) -> Iterator[Block]:
    """Blocks of the top level, and the rows of its tables: only block rules run, in linear time."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable("table").disable("reference")
    parser.core.ruler.enableOnly(["block"])
    ends = _line_ends(text, start)
    tokens = parser.parse(text[start:])
    for at, token in enumerate(tokens):
        kind = _KINDS.get(token.type)
        if kind is None or token.map is None or not (token.level == 0 or kind is BlockKind.ROW):
            continue
        if kind is BlockKind.ROW and not _in_top_table(token):
            continue
        if token.type == "html_block" and token.content.startswith("<!--") and token.content.rstrip().endswith("-->"):
            continue
        yield from _block(text, token, tokens[at + 1] if kind is BlockKind.HEADING else None, ends)


def _block(text: str, token: Token, inline: Token | None, ends: list[int]) -> Iterator[Block]:
    first, last = token.map or (0, 0)
    kind = _KINDS[token.type]
    start, end = trimmed(text, ends[first], ends[last])
    if kind is BlockKind.CODE and start > ends[first]:
        start -= len(text[ends[first] : start].rpartition("\n")[2])  # the first line keeps its indentation
    if inline is not None:
        at = text.find(inline.content, start, end)
        if at < 0:
            start, end = trimmed(text, start, min(end, start + len(text[start:end].split("\n", 1)[0])))
        else:
            start, end = at, at + len(inline.content)
    if start < end:
        yield Block(kind, start, end, int(token.tag[1:]) if inline is not None else 0)


def _in_top_table(token: Token) -> bool:
    """table > thead or tbody > tr: a row of a table that lies in no list or quote."""
    return token.level == 2


def _line_ends(text: str, start: int) -> list[int]:
    """Where each line after `start` begins, and the end of the text, by markdown-it's line numbers."""
    starts = [start]
    at = text.find("\n", start)
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    starts.append(len(text))
    return starts


def _first_title(text: str, blocks: Sequence[Block]) -> str:
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == 1:
            shown = _MARKS.sub("", _LINK.sub(r"\1", text[block.start : block.end][:_TITLE_CHARS]))
            return " ".join(shown.split())
    return ""
