"""What the store keeps of its caches: which files they are, what left since they were written, and the rows they are
made from. Their files are `segments.py`'s."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

MOST: Final = (1 << 63) - 1
"""The highest id there can be."""


class Covered:
    """On the store's connection. A cache is "vectors", of windows, or "terms", of snippets."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record(self, cache: str) -> str | None:
        """What was last written of a cache, None where nothing was."""
        row = self._connection.execute("select value from meta where key = ?", (f"cache:{cache}",)).fetchone()
        return None if row is None else str(row[0])

    def set_record(self, cache: str, record: str) -> None:
        """In one transaction with the end of what left: the files of the record are without it."""
        self._connection.execute("begin immediate")
        self._connection.execute("insert or replace into meta values (?, ?)", (f"cache:{cache}", record))
        self._connection.execute("delete from gone where cache = ?", (cache,))
        self._connection.execute("commit")

    def forget(self) -> None:
        """No file beside the store is a cache of it until the next one is recorded."""
        self._connection.execute("delete from meta where substr(key, 1, 6) = 'cache:'")
        self._connection.execute("delete from gone")

    def gone(self, cache: str) -> list[int]:
        """The ids that left and may still be in its files, in order."""
        rows = self._connection.execute("select id from gone where cache = ? order by id", (cache,))
        return [int(row[0]) for row in rows]

    def put_gone(self, cache: str, ids: Sequence[int]) -> None:
        """Inside the transaction in which they leave."""
        self._connection.executemany("insert into gone values (?, ?)", [(cache, id) for id in ids])

    def snippet_count(self) -> int:
        """Of all snippets, without a look at the windows, of which there are more."""
        return int(self._connection.execute("select count(*) from snippet").fetchone()[0])

    def terms(self, first: int, last: int = MOST) -> Iterator[tuple[int, str, str]]:
        """(snippet id, terms of its header, terms of its text) from id to id, in order."""
        query = "select id, header, body from terms where id between ? and ? order by id"
        return (
            (int(id), str(header), str(body)) for id, header, body in self._connection.execute(query, (first, last))
        )

    def vectors(self, first: int, last: int = MOST) -> Iterator[tuple[int, bytes, int]]:
        """(window id, float32 bytes, their checksum) from id to id, in order; nothing checked."""
        query = "select id, vector, crc from window where id between ? and ? order by id"
        return (
            (int(id), bytes(vector), int(crc)) for id, vector, crc in self._connection.execute(query, (first, last))
        )
