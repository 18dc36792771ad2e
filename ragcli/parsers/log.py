"""Logs: one block a record, which is a line and those that continue it (a traceback, a wrapped message)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from ragcli.parsers._blocks import capped
from ragcli.parsers._decode import decode
from ragcli.parsers._lines import Line, lines, listing
from ragcli.types import Block, Parsed

SUFFIXES: Final = (".log",)

_SAMPLE: Final = 200
_DATED_SHARE: Final = 0.2
"""Of the lines that are not indented: from this share on, only a dated line begins a record."""
# "2026-01-31 10:00", "[31/Jan/2026:10:00", "Jan 31 10:00:00", "10:00:00.123", "1767225600.123", "127.0.0.1 - - ["
_DATED: Final = re.compile(
    r"[\[(<]?(?:\d{4}[-/.]\d\d[-/.]\d\d|\d\d[-/.](?:\d\d|[A-Z][a-z]{2})[-/.]\d{4}|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d"
    r"|(?:[A-Z][a-z]{2} ){2}[ \d]\d \d\d:|\d\d:\d\d:\d\d|\d{10}(?:\.\d+)?\s|[\w.:-]{3,64} \S{1,64} \S{1,64} \[\d\d/)"
)
_LEVEL: Final = re.compile(r"[\[(<]?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|[IWEF]\d{4} )\b")


def parse(raw: bytes, name: str, /) -> Parsed:
    """Text as decoded. A record begins at a line with a date or level where many have one, else at any not indented."""
    text, notes = decode(raw)
    filled = [line for line in lines(text) if line.text]
    blocks, more = capped(text, _records(filled))
    return Parsed(text=text, blocks=blocks, notes=(*notes, *more))


def _records(filled: list[Line]) -> Iterator[Block]:
    sample = [line for line in filled[:_SAMPLE] if not line.indent]
    dated = sum(_is_dated(line) for line in sample) >= max(1.0, _DATED_SHARE * len(sample))
    starts = [n for n, line in enumerate(filled) if n == 0 or (_is_dated(line) if dated else not line.indent)]
    for first, beyond in pairwise([*starts, len(filled)]):
        yield listing(filled[first:beyond])


def _is_dated(line: Line) -> bool:
    return _DATED.match(line.text) is not None or _LEVEL.match(line.text) is not None
