"""JSON and JSON Lines: the file's own text, cut where its records are; keys that hold much are headings."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ragcli.parsers._blocks import capped, trimmed
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import groups, lines, listing
from ragcli.types import Block, BlockKind, Parsed

SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".geojson")

_BY_LINE: Final = (".jsonl", ".ndjson")
_WHOLE_CHARS: Final = 1200
"""A value of fewer characters, about 150 words, is not cut into its parts."""
_DEPTH: Final = 5
_NAME_CHARS: Final = 120
_SPACE: Final = re.compile(r"[ \t\n\r]*+")
_CLOSING: Final = re.compile(r"(?:[ \t\n\r]*+[\]},])*+")
_DECODER: Final = json.JSONDecoder()


class _Part(NamedTuple):
    """A member of an object or an element of an array, whose `key` is its number. `start` is that of the key."""

    key: str
    start: int
    value: int
    end: int


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. What is not JSON is read as text, with a note."""
    text, notes = decode(raw)
    found: list[Block] = []
    title = ""
    if os.path.splitext(name)[1].lower() in _BY_LINE:
        found, bad = _by_line(text)
        notes = (*notes, f"{bad} of {len(found)} lines are not JSON") if bad else notes
    elif text.strip():
        try:
            value = _DECODER.decode(text)
            found = list(_blocks(text, _past(_SPACE, text, 0), len(text.rstrip()), 0))
            title = _title(value)
        except (ValueError, RecursionError) as error:
            found, bad = _by_line(text)
            if bad:
                found = [listing(group) for group in groups(text)]
                notes = (*notes, f"not valid JSON, read as text ({_reason(error)})")
            else:
                notes = (*notes, "JSON Lines by its content")
    blocks, more = capped(text, found)
    return Parsed(text=text, blocks=blocks, title=title, notes=(*notes, *more))


def _by_line(text: str) -> tuple[list[Block], int]:
    """A block for each line, and how many of them are no JSON."""
    found = [listing([line]) for line in lines(text) if line.text]
    return found, sum(not _is_json(text[block.start : block.end]) for block in found)


def _blocks(text: str, start: int, end: int, depth: int) -> Iterator[Block]:
    """A value, or where it is large its parts, each with the comma or bracket after it. The key of a large part is a
    heading, and so are all that follow it, which else would lie under it."""
    if end - start <= _WHOLE_CHARS or depth > _DEPTH or text[start] not in "[{":
        yield Block(BlockKind.CODE, start, end)
        return
    is_headed = False
    for part in _parts(text, start):
        is_large = part.end - part.value > _WHOLE_CHARS and text[part.value] in "[{" and depth < _DEPTH
        is_headed |= is_large
        end = _past(_CLOSING, text, part.end)
        if not is_headed:
            yield Block(BlockKind.CODE, part.start, end)
            continue
        opening = part.value if part.value > part.start and not is_large else part.value + 1
        yield Block(BlockKind.HEADING, *trimmed(text, part.start, opening), depth + 2, part.key)
        first, last = trimmed(text, opening, end)
        if is_large:
            yield from _blocks(text, part.value, part.end, depth + 1)
        elif first < last:
            yield Block(BlockKind.CODE, first, last)


def _parts(text: str, at: int) -> Iterator[_Part]:
    """Of the object or array at `at`, which is known to be valid."""
    is_object = text[at] == "{"
    closing = "}" if is_object else "]"
    at = _past(_SPACE, text, at + 1)
    number = 0
    while text[at] != closing:
        number += 1
        start, key = at, str(number)
        if is_object:
            key, at = _DECODER.raw_decode(text, at)
            at = _past(_SPACE, text, _past(_SPACE, text, at) + 1)  # the colon
        value = at
        _, at = _DECODER.raw_decode(text, at)
        yield _Part(_shown(key), start, value, at)
        at = _past(_SPACE, text, at)
        at = _past(_SPACE, text, at + 1) if text[at] == "," else at


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a match of a pattern that may be empty ends."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _is_json(line: str) -> bool:
    try:
        _DECODER.decode(line)
    except (ValueError, RecursionError):
        return False
    return True


def _title(value: Any) -> str:
    """The `title` of an object: its own, or that of its `info` (OpenAPI)."""
    if not isinstance(value, dict):
        return ""
    inner = value.get("info")
    stated = value.get("title") or (inner.get("title") if isinstance(inner, dict) else "")
    return _shown(stated) if isinstance(stated, str) else ""


def _shown(name: str) -> str:
    """A key or title on one line, without what no store keeps."""
    kept = name[:_NAME_CHARS].encode("utf-8", "replace").decode("utf-8")
    return " ".join(kept.replace("\0", "\ufffd").split())


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number too long"
