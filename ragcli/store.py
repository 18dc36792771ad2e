"""SQLite, the truth: documents, snippets, window vectors, and the ledger of every file. `lexicons/postings.py` shares
this connection, and so its transactions.

FORMAT (ARCHITECTURE.md has it in full): one folder, `store.sqlite` in it. Paths are BLOBs (file names need
not be UTF-8). Ids are `autoincrement`: one that was removed never returns to life inside a stale cache.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ragcli.covered import Covered
from ragcli.database import BUSY_MS, NAME, connect, existing, version_of
from ragcli.errors import DamagedIndex
from ragcli.failpoints import failpoint
from ragcli.ledger import Ledger
from ragcli.rows import NewSnippet, NewWindow, Pins, digest_of, document_digest, document_of, ref_of, snippet_of
from ragcli.types import Document, File, Snippet, Span

BLAMELESS: Final = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
    }
)
"""Errors for which nothing in the database is to blame."""


def _encode(uri: str) -> bytes:
    return os.fsencode(uri)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


class Store:
    """One connection. Reads see the last commit; writes go through `transaction()`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.ledger = Ledger(connection)
        self.covered = Covered(connection)

    @classmethod
    def open(cls, folder: Path, *, write: bool = False, outdated: bool = False) -> Store:
        """The store in `folder`, made or migrated when `write`; with `outdated` as it is, for its pins alone.
        MissingError, DamagedIndex; sqlite3.OperationalError where the disk or another process is at fault."""
        path = folder / NAME if write else existing(folder)
        try:
            return cls(connect(path, write=write, outdated=outdated))
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # a damaged schema is no UTF-8
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in BLAMELESS:
                raise
            hint = "see how to mend it: ragcli doctor"
            raise DamagedIndex(f"{path} is not a readable ragcli index: {error}", hint) from error

    def close(self) -> None:
        """Ends the connection; the last writer's close empties the write-ahead log."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the generation goes up by one, so that caches know they are behind."""
        self.connection.execute("begin immediate")
        failpoint("store.begin")
        try:
            yield
            self.set_meta("generation", str(self.generation() + 1))
            failpoint("store.before_commit")
        except BaseException:
            if self.connection.in_transaction:  # a full disk has rolled back already
                self.connection.execute("rollback")
            raise
        self.connection.execute("commit")
        failpoint("store.after_commit")

    def hold(self) -> None:
        """From now on all reads see one snapshot, until the store is closed."""
        self.connection.execute("begin")

    def checkpoint(self) -> None:
        """Empties the write-ahead log, so that no removed text stays in it. Where a reader still needs the log,
        the next writer does it: waiting for somebody's `ask` would gain nothing."""
        self.connection.execute("pragma busy_timeout = 0")
        self.connection.execute("pragma wal_checkpoint(truncate)")
        self.connection.execute(f"pragma busy_timeout = {BUSY_MS}")

    # -- meta -------------------------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """A stored setting."""
        row = self.connection.execute("select value from meta where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Outside a transaction this commits at once."""
        self.connection.execute("insert or replace into meta values (?, ?)", (key, value))

    def generation(self) -> int:
        """How many write transactions there have been."""
        return int(self.meta("generation") or 0)

    def pins(self) -> Pins | None:
        """What the index was made with, None before the first ingest."""
        stored = self.meta("pins") if version_of(self.connection) else None
        if stored is None:
            return None
        try:
            return Pins(**json.loads(stored))
        except (TypeError, ValueError) as error:
            raise DamagedIndex("the index does not say what it was made with", "remove it and ingest again") from error

    def set_pins(self, pins: Pins) -> None:
        """Once, before the first document."""
        self.set_meta("pins", _json({name: getattr(pins, name) for name in Pins.__slots__}))

    def copy_into(self, other: Store) -> None:
        """Replaces all that `other` holds by what this store holds, in one transaction; its readers see the old."""
        self.connection.backup(other.connection)

    def forget_caches(self) -> None:
        """No file beside the store is a cache of it until the next `publish`."""
        self.covered.forget()

    # -- documents --------------------------------------------------------------------------------------

    def put_document(
        self, file: File, document: Document, snippets: Sequence[NewSnippet]
    ) -> list[tuple[int, list[int]]]:
        """Inserts a document (its id is ignored); returns (snippet id, window ids) for each snippet."""
        pages = _json([[page.start, page.label] for page in document.pages])
        row = (_encode(file.uri), file.sha256, document.title, document.text, pages, _json(document.metadata))
        cursor = self.connection.execute(
            "insert into document(uri, sha256, title, text, pages, metadata, digest) values (?, ?, ?, ?, ?, ?, ?)",
            (*row, document_digest(*row)),
        )
        document_id = cursor.lastrowid
        failpoint("store.after_document")
        placed = [self._put_snippet(file, document_id, new) for new in snippets]
        failpoint("store.after_snippets")
        ids = [
            (snippet_id, self._put_windows(snippet_id, new.windows))
            for snippet_id, new in zip(placed, snippets, strict=True)
        ]
        failpoint("store.after_windows")
        return ids

    def _put_snippet(self, file: File, document_id: int | None, new: NewSnippet) -> int:
        ref = ref_of(file.uri, file.sha256, new.start, new.end)
        shown = (ref, new.start, new.end, new.text, _json(new.fields), *new.lines, _json(new.pages))
        cursor = self.connection.execute(
            """
            insert into snippet(document_id, ref, start, end, text, fields, first_line, last_line, pages, digest)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (document_id, *shown, digest_of(_encode(file.uri), *shown)),
        )
        return int(cursor.lastrowid or 0)

    def _put_windows(self, snippet_id: int, windows: Sequence[NewWindow]) -> list[int]:
        ids = []
        for window in windows:
            cursor = self.connection.execute(
                "insert into window(snippet_id, start, end, digest, vector, crc) values (?, ?, ?, ?, ?, ?)",
                (snippet_id, window.start, window.end, window.digest, window.vector, zlib.crc32(window.vector)),
            )
            ids.append(int(cursor.lastrowid or 0))
        return ids

    def replace_windows(self, snippet_id: int, windows: Sequence[NewWindow]) -> None:
        """Inside the caller's transaction; the new windows have new ids."""
        self.connection.execute("delete from window where snippet_id = ?", (snippet_id,))
        self._put_windows(snippet_id, windows)

    def drop_document(self, uri: str) -> tuple[list[int], list[int]]:
        """Removes a document with all that hangs on it; the (snippet ids, window ids) that are gone."""
        key = (_encode(uri),)
        joined = "from snippet join document on document.id = document_id"
        snippets = [int(row[0]) for row in self.connection.execute(f"select snippet.id {joined} where uri = ?", key)]
        windows = [
            int(row[0])
            for row in self.connection.execute(
                f"select window.id {joined} join window on snippet_id = snippet.id where uri = ?", key
            )
        ]
        self.connection.execute("delete from document where uri = ?", key)
        failpoint("store.after_drop")
        return snippets, windows

    def documents(self) -> Iterator[Document]:
        """All, by uri, without their texts (text is ""). DamagedIndex where a digest disagrees."""
        rows = self.connection.execute(
            "select id, uri, sha256, title, null, pages, metadata, digest from document order by uri"
        )
        return map(document_of, rows)

    def document(self, uri: str) -> Document | None:
        """The document of a file. DamagedIndex where its digest disagrees."""
        row = self.connection.execute(
            "select id, uri, sha256, title, text, pages, metadata, digest from document where uri = ?", (_encode(uri),)
        ).fetchone()
        return None if row is None else document_of(row)

    def count(self) -> tuple[int, int, int]:
        """Documents, snippets, windows."""
        row = self.connection.execute(
            "select (select count(*) from document), (select count(*) from snippet), (select count(*) from window)"
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    # -- snippets and windows ---------------------------------------------------------------------------

    def snippets(self, ids: Sequence[int]) -> list[Snippet]:
        """In the order of `ids`; ids that are gone are left out. DamagedIndex where a digest disagrees."""
        found = {
            snippet.id: snippet
            for snippet in self._snippets("snippet.id in (select value from json_each(?))", _json(list(ids)))
        }
        return [found[id] for id in ids if id in found]

    def snippets_by_ref(self, prefix: str) -> list[Snippet]:
        """Those whose ref starts with `prefix`."""
        return self._snippets("substr(ref, 1, length(?1)) = ?1", prefix)

    def snippets_of(self, uri: str) -> list[Snippet]:
        """A document's, in order."""
        return self._snippets("uri = ?", _encode(uri))

    def _snippets(self, where: str, value: str | bytes) -> list[Snippet]:
        rows = self.connection.execute(
            f"""
            select snippet.id, ref, document_id, uri, start, end, snippet.text, fields, first_line, last_line,
                   snippet.pages, snippet.digest
            from snippet join document on document.id = document_id where {where} order by snippet.id
            """,
            (value,),
        )
        return [snippet_of(row) for row in rows]

    def snippet_ids(self, document_ids: Iterable[int]) -> list[int]:
        """The snippets of some documents."""
        rows = self.connection.execute(
            "select id from snippet where document_id in (select value from json_each(?))", (_json(list(document_ids)),)
        )
        return [int(row[0]) for row in rows]

    def window_ids(self, snippet_ids: Sequence[int] | None = None) -> list[int]:
        """All windows, or those of some snippets."""
        if snippet_ids is None:
            return [int(row[0]) for row in self.connection.execute("select id from window")]
        rows = self.connection.execute(
            "select id from window where snippet_id in (select value from json_each(?))", (_json(list(snippet_ids)),)
        )
        return [int(row[0]) for row in rows]

    def windows(self, ids: Sequence[int]) -> dict[int, tuple[int, Span]]:
        """Window id -> (snippet id, span inside the snippet)."""
        rows = self.connection.execute(
            "select id, snippet_id, start, end from window where id in (select value from json_each(?))",
            (_json(list(ids)),),
        )
        return {int(id): (int(snippet), (int(start), int(end))) for id, snippet, start, end in rows}

    def vectors(self, ids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """(window id, float32 bytes) of some windows, by id. DamagedIndex where a checksum disagrees."""
        query = "select id, vector, crc from window where id in (select value from json_each(?)) order by id"
        rows = self.connection.execute(query, (_json(list(ids)),))
        for id, vector, crc in rows:
            if zlib.crc32(vector) != crc:
                raise self.damaged_window(id)
            yield int(id), bytes(vector)

    def damaged_window(self, id: int) -> DamagedIndex:
        """The error for a vector whose checksum disagrees."""
        pins = self.pins()
        hint = f"ragcli rebuild --embedder {pins.embedder if pins else 'NAME'}"
        return DamagedIndex(f"window {id} of the index is damaged", hint)

    def vector_by_digest(self, digest: bytes) -> bytes | None:
        """The vector of a text embedded before, wherever it stands now."""
        row = self.connection.execute("select vector, crc from window where digest = ? limit 1", (digest,)).fetchone()
        return bytes(row[0]) if row is not None and zlib.crc32(row[0]) == row[1] else None
