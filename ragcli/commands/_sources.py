"""The ways files come in besides paths: a list of them, a text through a pipe; and what must not be said aloud."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ragcli.errors import MissingError, UsageError
from ragcli.types import Part

PIPE: Final = "-"
_LIST_BYTES: Final = 64 << 20
_PASSWORD_BYTES: Final = 64 << 10
_PASSWORDS: Final = 100
"""Each costs a key derivation for every encrypted file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What to take in. `listed`: some roots are from a list. `piped`: texts by uri."""

    roots: tuple[Path, ...] = ()
    listed: bool = False
    piped: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments and flags that name what to take in, as they stand on the command line."""

    paths: Sequence[str]
    files_from: str | None
    null: bool
    stdin_name: str | None


def check(given: Given) -> None:
    """UsageError where the flags contradict each other, MissingError for a path that is not there."""
    if not given.paths and given.files_from is None:
        raise UsageError("nothing to ingest", "name a file or folder, such as: ragcli ingest .")
    if PIPE in given.paths:
        if len(given.paths) > 1 or given.files_from is not None:
            raise UsageError("- stands alone", "ingest files by another command; a file of this name is ./-")
        if given.stdin_name is None:
            raise UsageError("- needs --stdin-name NAME", "its suffix says what the text is, such as notes.md")
        return
    if given.stdin_name is not None:
        raise UsageError("--stdin-name needs - as the path", f"ragcli ingest - --stdin-name {given.stdin_name}")
    if given.null and given.files_from is None:
        raise UsageError("--null needs --files-from", "git ls-files -z | ragcli ingest --files-from - --null")
    for path in given.paths:
        if not os.path.exists(path):
            raise MissingError(f"{path}: no such file or folder")


def gather(given: Given, base: Path, limit_bytes: int) -> Sources:
    """Reads stdin and lists; `base` is the folder that holds the index, `limit_bytes` the most that a file has."""
    if PIPE in given.paths:
        uri = piped_uri(given.stdin_name or "", base)
        return Sources(piped=(Part(uri, sys.stdin.buffer.read(limit_bytes + 1)),))
    listed = () if given.files_from is None else _listed(given.files_from, null=given.null)
    return Sources((*map(Path, given.paths), *listed), given.files_from is not None)


def piped_uri(name: str, base: Path) -> str:
    """The uri of a piped text: its name, taken from the folder that holds the index. It may not be that of a file
    there, or below one, since the next ingest of the folder would put the file in its place."""
    uri = os.path.normpath(name) if name and "\0" not in name else "."
    if os.path.isabs(uri) or uri.split(os.sep)[0] in (os.curdir, os.pardir) or name.endswith("/"):
        raise UsageError(f"--stdin-name {name!r} is no name below the folder that holds the index", "such as notes.md")
    path = base / uri
    if os.path.lexists(path):
        raise UsageError(f"--stdin-name {name}: there is a file or folder of this name", "choose another name")
    if any(os.path.isfile(parent) for parent in path.parents):
        raise UsageError(f"--stdin-name {name}: one of its folders is a file", "choose another name")
    return uri


def _listed(name: str, *, null: bool) -> tuple[Path, ...]:
    raw = sys.stdin.buffer.read(_LIST_BYTES + 1) if name == PIPE else _read(name, "--files-from", _LIST_BYTES)
    if len(raw) > _LIST_BYTES:
        raise UsageError(f"--files-from {name}: more than {_LIST_BYTES:,} bytes", "name the folder instead")
    if not null and b"\0" in raw:
        raise UsageError(f"--files-from {name}: it holds NUL bytes", "add --null")
    lines = raw.split(b"\0") if null else [line.removesuffix(b"\r") for line in raw.split(b"\n")]
    return tuple(Path(os.fsdecode(line)) for line in lines if line)


def passwords(name: str | None) -> tuple[str, ...]:
    """The lines of a file of passwords, none of which is ever in a message."""
    if name is None:
        return ()
    raw = _read(name, "--password-file", _PASSWORD_BYTES)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"--password-file {name}: it is not UTF-8", "save it as UTF-8") from None
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    found = tuple(dict.fromkeys(filter(None, lines)))
    if len(raw) > _PASSWORD_BYTES or len(found) > _PASSWORDS or "\0" in text:
        raise UsageError(f"--password-file {name}: more than {_PASSWORDS} lines, or no text", "one password a line")
    return found


def patterns(values: Sequence[str], flag: str) -> tuple[str, ...]:
    """--include and --exclude, checked."""
    from pathspec import GitIgnoreSpec

    for value in values:
        try:
            spec = GitIgnoreSpec.from_lines([value])
        except ValueError:
            spec = GitIgnoreSpec([])
        if not any(pattern.include is not None for pattern in spec.patterns):
            raise UsageError(f"{flag} {value!r} is no pattern", "as in .gitignore, such as '*.md' or 'drafts/'")
    return tuple(values)


def _read(name: str, flag: str, limit_bytes: int) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(limit_bytes + 1)
    except OSError as error:
        raise MissingError(f"{flag} {name}: {(error.strerror or str(error)).lower()}") from error
