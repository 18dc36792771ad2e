"""Compound files (OLE): what Office wrote before 2007, and how it still encrypts. Said, not read."""

from __future__ import annotations

from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.types import Parsed

SUFFIXES: Final = ()  # parsers.kind_of knows the magic

MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_OLD: Final = {
    "WordDocument": ".docx",
    "Workbook": ".xlsx",
    "Book": ".xlsx",
    "PowerPoint Document": ".pptx",
}  # a stream's name -> what to save it as
_SUFFIXES: Final = frozenset((".doc", ".dot", ".xls", ".xlt", ".xlw", ".ppt", ".pot", ".pps", ""))


def claims(head: bytes, suffix: str, *, is_office: bool) -> bool:
    """Whether this is a compound file under a name that promises a document; others are no Office file."""
    return head.startswith(MAGIC) and (is_office or suffix in _SUFFIXES)


def parse(raw: bytes, name: str, /) -> Parsed:
    """Always raises UnreadableFile, with what the file is and what to do."""
    raise refusal(raw)


def refusal(raw: bytes) -> UnreadableFile:
    """Why this compound file is not read."""
    if "EncryptedPackage".encode("utf-16-le") in raw:
        return UnreadableFile("password-protected; save it without a password")
    for stream, target in _OLD.items():
        if f"{stream}\0".encode("utf-16-le") in raw:
            return UnreadableFile(f"old binary Office format; save it as {target}")
    return UnreadableFile("binary file of an unknown format")
