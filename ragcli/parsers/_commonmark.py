"""CommonMark's block structure over a text, for Markdown files and the Markdown cells of notebooks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ragcli.parsers._blocks import trimmed
from ragcli.types import Block, BlockKind

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_NESTING: Final = 20  # what CommonMark's own preset allows; deeper lists and quotes stay text
TITLE_CHARS: Final = 300
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


def blocks(text: str, start: int) -> Iterator[Block]:
    """Blocks of the top level, and the rows of its tables: only block rules run, in linear time."""
    ends = _line_ends(text, start)
    tokens = _parser().parse(text[start:])
    for at, token in enumerate(tokens):
        kind = _KINDS.get(token.type)
        if kind is None or token.map is None or not (token.level == 0 or kind is BlockKind.ROW):
            continue
        if kind is BlockKind.ROW and not _in_top_table(token):
            continue
        if token.type == "html_block" and token.content.startswith("<!--") and token.content.rstrip().endswith("-->"):
            continue
        yield from _block(text, token, tokens[at + 1] if kind is BlockKind.HEADING else None, ends)


@functools.cache  # making one takes longer than the cell of a notebook
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable("table").disable("reference")
    parser.core.ruler.enableOnly(["block"])
    return parser


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


def first_title(text: str, blocks: Sequence[Block]) -> str:
    """What the first heading of level 1 says, without marks; "" if there is none."""
    for block in blocks:
        if block.kind is BlockKind.HEADING and block.level == 1:
            shown = _MARKS.sub("", _LINK.sub(r"\1", text[block.start : block.end][:TITLE_CHARS]))
            return " ".join(shown.split())
    return ""
