"""What an unfinished rebuild has embedded so far: a file beside the store, so that a second try goes on from there."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

NAME: Final = "rebuild.tmp"


class Scratch:
    """Vectors by the digest of the embedded text, which names the model too. A damaged file is begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError:
            self.remove()
            self._connection = _opened(path)

    def get(self, digest: bytes) -> bytes | None:
        """The float32 bytes, None where that text was not embedded or its vector is damaged."""
        row = self._connection.execute("select vector, crc from vector where digest = ?", (digest,)).fetchone()
        return bytes(row[0]) if row is not None and zlib.crc32(row[0]) == row[1] else None

    def put(self, vectors: Mapping[bytes, bytes]) -> None:
        """In one transaction: on the disk when it returns."""
        rows = [(digest, vector, zlib.crc32(vector)) for digest, vector in vectors.items()]
        self._connection.execute("begin")
        self._connection.executemany("insert or replace into vector values (?, ?, ?)", rows)
        self._connection.execute("commit")

    def remove(self) -> None:
        """Deletes the file; what it held is in the store, or is not wanted."""
        for suffix in ("-journal", ""):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()


def _opened(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(
            "create table if not exists vector (digest blob primary key, vector blob not null, crc integer not null)"
        )
        if connection.execute("pragma quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("damaged")
    except BaseException:
        connection.close()
        raise
    return connection
