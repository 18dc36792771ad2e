"""The ledger: one line for every file that an ingest met, with its state and the reason for it."""

from __future__ import annotations

import json
import os
import sqlite3

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
