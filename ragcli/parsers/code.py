"""Source code: the file's own lines; classes and functions are sections, which begin at the comment above them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import Line, lines, listing
from ragcli.types import Block, BlockKind, Parsed

_LANGUAGES: Final = {
    "python": ".py .pyi .pyw",
    "javascript": ".js .mjs .cjs .jsx",
    "typescript": ".ts .tsx .mts",
    "java": ".java",
    "kotlin": ".kt .kts",
    "scala": ".scala",
    "groovy": ".groovy",
    "go": ".go",
    "rust": ".rs",
    "c": ".c .h",
    "cpp": ".cc .cpp .cxx .hpp .hh .hxx",
    "objc": ".m .mm",
    "csharp": ".cs",
    "swift": ".swift",
    "dart": ".dart",
    "php": ".php",
    "ruby": ".rb",
    "perl": ".pl .pm",
    "lua": ".lua",
    "r": ".r",
    "julia": ".jl",
    "elixir": ".ex .exs",
    "shell": ".sh .bash .zsh",
    "powershell": ".ps1",
    "sql": ".sql",
    "protobuf": ".proto",
}
_BY_SUFFIX: Final = {suffix: language for language, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}
SUFFIXES: Final = tuple(_BY_SUFFIX)

_TOP: Final = 2  # level 1 is the file


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. A HEADING is a comment or decorator, and the signature below it, by the name it declares."""
    text, notes = decode(raw)
    language = _BY_SUFFIX.get(os.path.splitext(name)[1].lower(), "")
    every = list(lines(text))
    blocks, more = capped(text, _blocks(text, every, language))
    return Parsed(text=text, blocks=blocks, metadata=(("language", language),), notes=(*notes, *more))


def _blocks(text: str, every: list[Line], language: str) -> Iterator[Block]:
    from ragcli.parsers._declarations import declarations

    at = 0
    for found in declarations(text, every, language):
        yield from _listing(every[at : found.first])
        start = every[found.first].start
        yield Block(BlockKind.HEADING, start, every[found.last].end, _TOP + found.depth, found.name)
        at = found.last + 1
    yield from _listing(every[at:])


def _listing(part: list[Line]) -> Iterator[Block]:
    """The lines as one block, without blank ones around it."""
    filled = [n for n, line in enumerate(part) if line.text]
    if filled:
        yield listing(part[filled[0] : filled[-1] + 1])
