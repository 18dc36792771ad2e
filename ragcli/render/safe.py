"""Foreign strings made inert: what a file, a name, a question or a model says never commands a terminal."""

from __future__ import annotations

import re

# C0 and C1 with DEL, bidi controls, line and paragraph separators, the tag block, lone surrogates
_CONTROL = "\x00-\x1f\x7f-\x9f"
_FORMAT = "\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\U000e0000-\U000e007f"
_UNSAFE = re.compile(f"[{_CONTROL}{_FORMAT}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f{_FORMAT}]")


def safe(text: str, *, newlines: bool = True) -> str:
    """`text` with each control, bidi, separator, tag and surrogate character as a visible escape.

    A tab becomes four spaces; a line feed stays if `newlines`. Bytes that were not UTF-8 show as \\xff.
    """
    if newlines:
        text = text.replace("\r\n", "\n")
    return _UNSAFE.sub(lambda match: "\n" if newlines and match[0] == "\n" else _visible(match[0]), text)


def name(text: str) -> str:
    """A foreign string for the middle of a line, such as a file's name: safe, and without line feeds."""
    return safe(text, newlines=False)


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return "    "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"⟪U+{code:04X}⟫"


def safe_json(document: str) -> str:
    """JSON text with the characters that could act on a terminal as \\u escapes: the same JSON value."""
    return _UNSAFE_IN_JSON.sub(_escaped, document)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def path_bytes(path: str) -> bytes:
    """The bytes of a path whose undecodable bytes are surrogate-escaped; total, for names that no file can have too."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")
