"""E-mail and web archives (EML, MHT), read by `_mime.py`: the standard library's `email` is slow to load."""

from __future__ import annotations

from typing import Final

from ragcli.types import Parsed

SUFFIXES: Final = (".eml", ".mht", ".mhtml")
HOLDS_FILES: Final = True


def parse(raw: bytes, name: str, /) -> Parsed:
    """The subject, who wrote to whom and when, then the body; attachments are `parts`. Raises UnreadableFile."""
    from ragcli.parsers._mime import message_of

    return message_of(raw)
