"""Files that are the user's alone: readable by nobody else, written whole or not at all, opened as what they are."""

from __future__ import annotations

import os
from pathlib import Path

_ITSELF = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")


def opener(path: str, flags: int) -> int:
    """An opener for files that nobody else may read."""
    return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)


def open_itself(path: str | Path, flags: int) -> int:
    """`opener` for what somebody else may have put there: opens no link's target, and waits for no pipe's writer."""
    for name in _ITSELF:
        flags |= getattr(os, name, 0)
    return os.open(path, flags, 0o600)


def write_whole(path: Path, raw: bytes) -> None:
    """Writes a file so that a crash leaves the old one or the new one. OSError; nothing of a failed try stays."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    try:
        with open(fresh, "xb", opener=opener) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """A folder that nobody else may read, on the disk when this returns; one that is there stays as it is."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is on the disk; Windows has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
