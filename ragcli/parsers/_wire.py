"""What sandbox.py and the child it starts agree on: a length (8 bytes, big-endian), then that many bytes; and
what the files inside a file may be called."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Container
from typing import IO, Final

WALL: Final = 3.0
"""Times its CPU budget a job may take on the clock: a child that waits is stuck, but the machine may be busy."""
MAX_CHARS: Final = 20_000_000
"""Of one file's text: a library of 40 novels; beyond it a file is a bomb."""
MAX_PARTS: Final = 1000
"""Files that one file may hold, not counting those in them."""
_LENGTH: Final = 8
_NAME_CHARS: Final = 80
_SUFFIX_CHARS: Final = 16
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def write(pipe: IO[bytes], message: bytes) -> None:
    """Sends one message."""
    pipe.write(len(message).to_bytes(_LENGTH, "big"))
    pipe.write(message)


def read(pipe: IO[bytes], limit: int) -> bytes:
    """The next message. Raises EOFError where there is none, ValueError over the limit."""
    size = int.from_bytes(_exactly(pipe, _LENGTH), "big")
    if size > limit:
        raise ValueError("message too long")
    return _exactly(pipe, size)


def part_limit(size_bytes: int) -> int:
    """Bytes that all parts of a file of this size may have: nothing is unpacked, only written anew."""
    return 2 * size_bytes + (1 << 20)


def part_name(stated: str, fallback: str, taken: Container[str] = ()) -> str:
    """A plain name for a file inside a file, whatever is stated: no folder, no control or invisible character,
    at most 80 characters, and not (case ignored) among `taken`."""
    base = stated[-4096:].replace("\\", "/").rpartition("/")[2]
    shown = "".join(" " if unicodedata.category(char) in _UNSEEN else char for char in base)
    name = " ".join(shown.split()).rstrip(". ") or fallback
    stem, suffix = os.path.splitext(name)
    suffix = suffix[:_SUFFIX_CHARS]
    stem = stem[: _NAME_CHARS - len(suffix)]
    name, number = stem + suffix, 1
    while name.casefold() in taken:
        number += 1
        mark = f" ({number})"
        name = stem[: _NAME_CHARS - len(suffix) - len(mark)] + mark + suffix
    return name


def is_part_name(name: str) -> bool:
    """Whether a name is of the kind that `part_name` gives: for the side that does not trust who gave it."""
    if not 0 < len(name) <= _NAME_CHARS or not name.strip(". ") or "/" in name or "\\" in name:
        return False
    return not any(unicodedata.category(char) in _UNSEEN for char in name)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found
