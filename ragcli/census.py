"""Questions about a whole index, where the store's are about rows: for `doctor`, `stats`, `import`, the log and
completion. Reads only."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LISTED = 10
"""Of SQLite's own complaints."""


class StoredWindow(NamedTuple):
    """A window's row as it stands, nothing checked."""

    id: int
    snippet_id: int
    start: int
    end: int
    digest: bytes
    vector: bytes
    crc: int


class Census:
    """On the store's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def complaints(self) -> list[str]:
        """SQLite's integrity check and the foreign keys; empty for a sound database."""
        rows = self._connection.execute(f"pragma integrity_check({LISTED})")
        found = [str(row[0]) for row in rows if row[0] != "ok"]
        loose = len(self._connection.execute("pragma foreign_key_check").fetchall())
        return found + ([f"{loose} rows refer to rows that are not there"] if loose else [])

    def known_refs(self, refs: Sequence[str]) -> set[str]:
        """Those of the refs that a snippet has."""
        query = "select ref from snippet where ref in (select value from json_each(?))"
        return {str(row[0]) for row in self._connection.execute(query, (json.dumps(list(refs)),))}

    def refs_from(self, prefix: str, most: int) -> list[str]:
        """The first refs that start so, in order."""
        query = "select ref from snippet where ref between ?1 and ?1 || 'g' order by ref limit ?2"
        return [str(row[0]) for row in self._connection.execute(query, (prefix, most))]

    def uris_from(self, prefix: str, most: int) -> list[str]:
        """The first documents' uris that start so, in order."""
        query = "select uri from document where substr(uri, 1, length(?1)) = ?1 order by uri limit ?2"
        return [os.fsdecode(row[0]) for row in self._connection.execute(query, (os.fsencode(prefix), most))]

    def documents(self) -> dict[str, tuple[str, int]]:
        """uri -> (sha256 of its file, number of its snippets)."""
        rows = self._connection.execute(
            "select uri, sha256, (select count(*) from snippet where document_id = document.id) from document"
        )
        return {os.fsdecode(uri): (str(sha256), int(snippets)) for uri, sha256, snippets in rows}

    def without_windows(self) -> int:
        """Snippets that no search by meaning can find."""
        return self._number(
            "select count(*) from snippet where not exists (select 1 from window where snippet_id = snippet.id)"
        )

    def without_terms(self) -> int:
        """Snippets that no search by words can find. sqlite3.Error where there is no sound table of terms."""
        return self._number("select count(*) from snippet where id not in (select rowid from terms)")

    def loose_terms(self) -> int:
        """Rows of terms without a snippet."""
        return self._number("select count(*) from terms where rowid not in (select id from snippet)")

    def _number(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def windows_of(self, uri: str) -> list[StoredWindow]:
        """A document's, in order."""
        rows = self._connection.execute(
            """
            select window.id, snippet_id, window.start, window.end, window.digest, vector, crc
            from window join snippet on snippet.id = snippet_id join document on document.id = document_id
            where uri = ? order by window.id
            """,
            (os.fsencode(uri),),
        )
        return [StoredWindow(*row) for row in rows]

    def terms(self, snippet_id: int) -> tuple[str, str] | None:
        """(header, body) as they stand in the lexical index."""
        row = self._connection.execute("select header, body from terms where rowid = ?", (snippet_id,)).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def texts(self) -> Iterator[tuple[str, str]]:
        """(uri, text) of each document."""
        rows = self._connection.execute("select uri, text from document order by uri")
        return ((os.fsdecode(uri), str(text)) for uri, text in rows)

    def snippet_texts(self) -> Iterator[str]:
        """Of every snippet."""
        return (str(row[0]) for row in self._connection.execute("select text from snippet"))
