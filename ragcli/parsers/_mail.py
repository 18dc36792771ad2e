"""What a mail says in its own ways: encoded words, charsets, flowed lines."""

from __future__ import annotations

import codecs
import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Any, Final

from ragcli.parsers._decode import clean, decode, decode_as

_VALUE_CHARS: Final = 1000
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]+")
_SIGNATURE: Final = "-- "


def value(message: Message, name: str) -> str:
    """A header as it reads, on one line, "" where there is none."""
    wanted = name.lower()
    raw = next((str(raw) for key, raw in message.raw_items() if key.lower() == wanted), "")
    return " ".join(_UNSEEN.sub(" ", unencoded(raw)).split())[:_VALUE_CHARS]


def unencoded(raw: str) -> str:
    """Encoded words (RFC 2047) as the characters they stand for; bytes that no header may hold are guessed."""
    if "=?" in raw:
        try:
            pieces = decode_header(raw)
        except (MessageError, ValueError):
            pieces = [(raw, None)]
    else:
        pieces = [(raw, None)]
    return "".join(_piece(piece, charset) for piece, charset in pieces)


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece if piece.isascii() else _guessed(piece.encode("utf-8", "surrogateescape"))
    codec = _codec(charset or "")
    return piece.decode(codec, "replace") if codec else _guessed(piece)


def _guessed(raw: bytes) -> str:
    """Bytes of no known charset: too few for detection where most of them are Latin letters."""
    beyond_ascii = len(raw) - len(raw.decode("ascii", "ignore"))
    if _is_utf8(raw) or 3 * beyond_ascii > len(raw):
        return decode(raw)[0]
    return raw.decode("cp1252", "replace")


def parameter(part: Message, name: str, header: str = "Content-Type") -> str:
    """A parameter of a header, whole (RFC 2231), "" where there is none."""
    found: Any = part.get_param(name, "", header)
    return unencoded(collapse_rfc2231_value(found))


def file_name(part: Message) -> str:
    """The name that a part states for itself as a file."""
    return parameter(part, "filename", "Content-Disposition") or parameter(part, "name")


def payload(part: Message) -> bytes:
    """A part's bytes without the transfer encoding."""
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def text_of(part: Message) -> tuple[str, tuple[str, ...]]:
    """A part's text by the charset that it names, if its bytes are that, else by what they look like; notes."""
    raw = payload(part)
    codec = _codec(parameter(part, "charset"))
    if codec in ("", "ascii", "utf-8"):
        return decode(raw)
    if codec == "iso8859-1":
        codec = "cp1252"  # as mail programs and browsers do
    text, notes = decode_as(raw, codec)
    if notes or (not raw.isascii() and _is_utf8(raw)):  # what is UTF-8 by chance is shorter than a word
        guess, more = decode(raw)
        return guess, (f"not in the charset it names ({codec})", *more)
    return clean(text.removeprefix("\ufeff"), ())


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _codec(charset: str) -> str:
    """The codec of a charset's name, "" for an unknown one or none of text."""
    try:
        codec = codecs.lookup(charset[:40])
    except (LookupError, ValueError):
        return ""
    return codec.name if codec._is_text_encoding and codec.name not in ("idna", "punycode", "undefined") else ""


def unflowed(text: str, *, joined: bool) -> str:
    """format=flowed (RFC 3676): lines that end in a space go on in the next one of the same depth of quotation.
    `joined`: that space is no part of the text (DelSp)."""
    lines: list[list[str]] = []
    open_depth = -1  # of the line that goes on
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if depth == open_depth and content != _SIGNATURE:
            lines[-1].append(content)
        else:
            lines.append([">" * depth + " " if depth else "", content])
        soft = content.endswith(" ") and content != _SIGNATURE
        open_depth = depth if soft else -1
        if soft and joined:
            lines[-1][-1] = content[:-1]
    return "\n".join("".join(line).rstrip() for line in lines)
