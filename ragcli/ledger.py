"""The ledger: one line for every file that an ingest met, with its state and the reason for it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence

from ragcli.types import FileOutcome, FileState, Stat

Line = tuple[FileOutcome, Stat, str]
"""How a file ended, the stat it had then, and the sha256 of what is stored of it ("" if nothing is)."""


class Ledger:
    """On the store's connection; writes belong into its transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, outcome: FileOutcome, stat: Stat, sha256: str = "") -> None:
        """Writes or replaces a file's line."""
        row = (os.fsencode(outcome.uri), outcome.state.value, outcome.reason, json.dumps(outcome.notes))
        stats = (stat.size_bytes, stat.mtime_ns, stat.inode, stat.ctime_ns)
        self._connection.execute(
            "insert or replace into file values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, outcome.snippets, *stats, sha256),
        )

    def drop(self, uri: str) -> None:
        """Removes a file's line."""
        self._connection.execute("delete from file where uri = ?", (os.fsencode(uri),))

    def set_state(self, uri: str, state: FileState) -> None:
        """Changes a line's state and nothing else."""
        self._connection.execute("update file set state = ? where uri = ?", (state.value, os.fsencode(uri)))

    def lines(self) -> dict[str, Line]:
        """The whole ledger, by uri."""
        rows = self._connection.execute("select * from file order by uri")
        ledger = {}
        for uri, state, reason, notes, snippets, *stats, sha256 in rows:
            name = os.fsdecode(uri)
            outcome = FileOutcome(name, FileState(state), reason, snippets, tuple(json.loads(notes)))
            ledger[name] = outcome, Stat(*stats), str(sha256)
        return ledger

    def siblings(self, snippet_ids: Sequence[int]) -> dict[int, int]:
        """These snippets and all others of their files, each with a number for its file. A part is of the file that
        holds it: an attachment belongs with its mail."""
        wanted = (json.dumps(list(snippet_ids)),)
        own = "select document_id from snippet where id in (select value from json_each(?))"
        uris = self._connection.execute(f"select uri from document where id in ({own})", wanted)
        holders = dict.fromkeys(self._holder(bytes(uri)) for (uri,) in uris)
        query = """
            select snippet.id from snippet join document on document.id = document_id
            where uri = ? or (uri > ? and uri < ?)
            """
        return {
            int(id): number
            for number, uri in enumerate(holders)
            for (id,) in self._connection.execute(query, (uri, uri + b"/", uri + b"0"))  # "0" comes after "/"
        }

    def _holder(self, uri: bytes) -> bytes:
        """The outermost file that a document lies in, itself where that is none."""
        above = (uri[:at] for at, byte in enumerate(uri) if at and byte == ord("/"))
        known = "select 1 from file where uri = ?"
        return next((each for each in above if self._connection.execute(known, (each,)).fetchone()), uri)
