"""Markdown: the file's own text, with markdown-it-py's block structure over it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._commonmark import TITLE_CHARS, blocks, first_title
from ragcli.parsers._decode import decode
from ragcli.types import Fields, Parsed

SUFFIXES: Final = (".md", ".markdown", ".mdown", ".mkd")

_FRONT_LINES: Final = 200
_FRONT_FIELDS: Final = 64
_FRONT_CHARS: Final = 1000
_FENCE: Final = ("---", "...")
_KEY: Final = re.compile(r"([A-Za-z_][\w.-]{0,63}):(?:[ \t]+(.*))?$")


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. Front matter becomes metadata and title and lies in no block; else the first H1 is the title."""
    text, notes = decode(raw)
    fields, start = _front_matter(text)
    found, more = capped(text, blocks(text, start))
    title = next((value for key, value in fields if key == "title"), "") or first_title(text, found)
    metadata = tuple(pair for pair in fields if pair[0] != "title")
    return Parsed(text=text, blocks=found, title=title[:TITLE_CHARS], metadata=metadata, notes=(*notes, *more))


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
