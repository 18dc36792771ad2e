"""Compound files (OLE): what Office wrote before 2007, and how it still encrypts. Said, not read."""

from __future__ import annotations

from typing import Final

from ragcli.errors import UnreadableFile
from ragcli.types import Parsed

SUFFIXES: Final = ()  # parsers.kind_of knows the magic

MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_PROTECTED: Final = "password-protected (save it without a password)"
_OLD: Final = "old binary Office format (save it as {})"
_BY_STREAM: Final = {
    "EncryptedPackage": _PROTECTED,
    "WordDocument": _OLD.format(".docx"),
    "Workbook": _OLD.format(".xlsx"),
    "Book": _OLD.format(".xlsx"),
    "PowerPoint Document": _OLD.format(".pptx"),
    "__properties_version1.0": "Outlook message (save it as .eml or .mht)",
}  # a stream's name -> what holds it; an encrypted file's first


def parse(raw: bytes, name: str, /) -> Parsed:
    """Always raises UnreadableFile: a compound file under the name of a newer format."""
    raise refusal(raw)


def refusal(raw: bytes) -> UnreadableFile:
    """Why this compound file is not read."""
    return UnreadableFile(what(raw) or "binary file of an unknown format")


def what(raw: bytes) -> str:
    """What a compound file is and what to do about it, "" for one that no office program wrote."""
    return next((said for stream, said in _BY_STREAM.items() if f"{stream}\0".encode("utf-16-le") in raw), "")
