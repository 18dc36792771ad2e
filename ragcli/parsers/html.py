"""HTML: the text a person would see, without what surrounds the content."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from typing import Final

from ragcli.parsers._decode import bom_encoding, clean, decode, decode_as
from ragcli.parsers._html import read
from ragcli.types import Parsed

SUFFIXES: Final = (".html", ".htm", ".xhtml")

_META_BYTES: Final = 4096  # the HTML Standard looks at 1024; real pages are later
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})", re.I)


def parse(raw: bytes, name: str, /) -> Parsed:
    """The visible text: blocks on lines of their own, cells joined with " | ". Nothing is run or fetched."""
    source, notes = _decoded(raw)
    parsed = read(source)
    return replace(parsed, notes=(*notes, *parsed.notes))


def _decoded(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """BOM, then the charset that a meta tag declares, then detection."""
    declared = _META_CHARSET.search(raw[:_META_BYTES])
    if bom_encoding(raw) or not declared:
        return decode(raw)
    label = declared[1].decode("ascii", "replace").lower()
    try:
        codec = codecs.lookup(label)
    except LookupError:
        return decode(raw)
    if not codec._is_text_encoding or codec.name.startswith(("utf-16", "utf-32", "utf-7", "idna", "punycode")):
        return decode(raw)  # bytes in which the tag could be read are not UTF-16
    if codec.name == "utf-8":
        return decode(raw)
    encoding = "cp1252" if codec.name in ("iso8859-1", "ascii") else codec.name  # as browsers do
    text, notes = decode_as(raw, encoding)
    return clean(text, (f"decoded as {encoding} (declared)", *notes))
