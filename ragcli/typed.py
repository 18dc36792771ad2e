"""What was typed in conversations, for the next one: a JSON string a line, readable by its user only, bounded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ragcli.private import opener, write_whole

VARIABLE: Final = "RAGCLI_HISTORY"
OFF: Final = "off"
KEPT: Final = 1_000
"""Lines that are read back, none longer than LONGEST characters."""
LONGEST: Final = 4_000
LARGEST_BYTES: Final = 1 << 20
"""From which the file is cut to the lines that are kept."""


def place(environ: Mapping[str, str]) -> Path | None:
    """The file that $RAGCLI_HISTORY names, None for "off", else one in the user's folder for state."""
    given = environ.get(VARIABLE, "")
    if given:
        return None if given == OFF else Path(given).expanduser()
    import platformdirs  # noqa: PLC0415 - a conversation alone needs it

    return Path(platformdirs.user_state_dir("ragcli", appauthor=False)) / "history.jsonl"


def read(path: Path) -> list[str]:
    """The lines kept, oldest first; what is no JSON string is passed over. OSError but for an absent file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LARGEST_BYTES))
            raw = file.read(LARGEST_BYTES)
    except FileNotFoundError:
        return []
    lines = raw.split(b"\n")[bool(size > LARGEST_BYTES) :]  # the first may be the rest of one
    return [text for line in lines if (text := _text(line))][-KEPT:]


def _text(line: bytes) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return value[:LONGEST] if isinstance(value, str) else ""


def add(path: Path, text: str) -> None:
    """Adds a line, and cuts a file that has grown too large. OSError where it cannot be written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps(text[:LONGEST]) + "\n"
    with open(path, "a", encoding="ascii", opener=opener) as file:
        file.write(line)
        large = file.tell() > LARGEST_BYTES
    if large:
        kept = read(path)
        write_whole(path, "".join(json.dumps(text) + "\n" for text in kept[-KEPT // 2 :]).encode("ascii"))
