"""What the store's rows hold: records to be written, and rows read back as the nouns of types.py, checked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ragcli.errors import DamagedIndex
from ragcli.types import Document, Fields, Page, Snippet


@dataclass(frozen=True, slots=True)
class Pins:
    """What an index was made with; opening it with anything else is an error before any work."""

    embedder: str
    fingerprint: str
    dim: int
    min_words: int
    max_words: int
    window_tokens: int
    stride_tokens: int
    analysis: int


@dataclass(frozen=True, slots=True)
class NewWindow:
    """A window to be stored: span inside the snippet's text, digest of the embedded text, float32 bytes."""

    start: int
    end: int
    digest: bytes
    vector: bytes


@dataclass(frozen=True, slots=True)
class NewSnippet:
    """A snippet to be stored, offsets in the document's text; `fields` without the text."""

    start: int
    end: int
    text: str
    fields: Fields
    lines: tuple[int, int]
    pages: tuple[tuple[int, str], ...]
    windows: tuple[NewWindow, ...]


def digest_of(*values: str | bytes | int) -> bytes:
    """16 bytes over all values of a row. SQLite does not checksum its pages: a flipped bit in what a prompt or citation
    shows must not go unseen."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def document_digest(uri: bytes, sha256: str, title: str, text: str, pages: str, metadata: str) -> bytes:
    """Of a document's row, as its columns stand: 16 bytes of all but the text, then 16 of the text."""
    return digest_of(uri, sha256, title, pages, metadata) + digest_of(text)


def ref_of(uri: str, sha256: str, start: int, end: int) -> str:
    """A snippet's name for users: of the file, its content and the span; 16 hex digits."""
    name = b"\0".join((os.fsencode(uri), sha256.encode(), f"{start}:{end}".encode()))
    return hashlib.blake2b(name, digest_size=8).hexdigest()


def document_of(row: Sequence[Any]) -> Document:
    """A row of (id, uri, sha256, title, text, pages, metadata, digest); text None is not looked at, and given as "".
    DamagedIndex where the digest disagrees."""
    id, uri, sha256, title, text, pages, metadata, digest = row
    name = os.fsdecode(uri)
    if digest_of(uri, sha256, title, pages, metadata) != digest[:16] or (
        text is not None and digest_of(text) != digest[16:]
    ):
        raise _damaged(name)
    return Document(
        id=id,
        uri=name,
        sha256=sha256,
        title=title,
        text=text or "",
        pages=tuple(Page(start, label) for start, label in json.loads(pages)),
        metadata=tuple((key, value) for key, value in json.loads(metadata)),
    )


def _damaged(name: str) -> DamagedIndex:
    return DamagedIndex(
        f"what is stored of {name!r} is damaged", "see what is, and how to mend it: ragcli doctor --deep"
    )


def snippet_of(row: Sequence[Any]) -> Snippet:
    """A row of the store's snippet query. DamagedIndex where its digest disagrees: it covers all that is shown."""
    id, ref, document_id, uri, start, end, text, fields, first, last, pages, digest = row
    name = os.fsdecode(uri)
    if digest_of(uri, ref, start, end, text, fields, first, last, pages) != digest:
        raise _damaged(name)
    numbered = json.loads(pages)
    return Snippet(
        id=id,
        ref=ref,
        document_id=document_id,
        uri=name,
        start=start,
        end=end,
        text=text,
        fields=(*((key, value) for key, value in json.loads(fields)), ("text", text)),
        lines=(first, last),
        pages=tuple(number for number, _ in numbered),
        page_labels=tuple(label for _, label in numbered),
    )
