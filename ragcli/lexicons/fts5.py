"""SQLite FTS5 inside the store's own database: terms and documents change in one transaction.

The terms are ours (`lexical.terms`), joined by spaces; FTS5's tokenizer only splits them apart again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ragcli.protocols import Ranked

HEADER_WEIGHT: Final = 1.0
"""Of title, section and file name against the text's 1.0."""

# Every printable category is part of a term, so only the spaces we put between terms split them.
_TOKENIZER: Final = "unicode61 remove_diacritics 0 categories ''L* M* N* P* S* Co''"


_CREATE: Final = f"create virtual table if not exists terms using fts5(header, body, tokenize = '{_TOKENIZER}')"


def create(rest: str = "", *, connection: sqlite3.Connection, **_: object) -> Fts5:
    """The index kept in `connection`'s database; its tables are made if it may be written."""
    connection.execute(_CREATE)
    return Fts5(connection)


def _quoted(term: str) -> str:
    """A term as an FTS5 string: inside double quotes nothing is syntax."""
    return '"' + term.replace('"', '""') + '"'


class Fts5:
    """One row a snippet; rowid is the snippet's id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("create virtual table if not exists temp.vocabulary using fts5vocab(main, terms, 'col')")

    def add(self, id: int, terms: Sequence[str], header: Sequence[str]) -> None:
        """Inside the caller's transaction."""
        self._connection.execute(
            "insert into terms(rowid, header, body) values (?, ?, ?)", (id, " ".join(header), " ".join(terms))
        )

    def remove(self, ids: Sequence[int]) -> int:
        """Inside the caller's transaction."""
        return sum(self._connection.execute("delete from terms where rowid = ?", (id,)).rowcount for id in ids)

    def clear(self) -> None:
        """Inside the caller's transaction: begins anew, whatever state the old index is in."""
        self._connection.execute("drop table if exists terms")
        self._connection.execute(_CREATE)

    def search(self, terms: Sequence[str], k: int, only: Sequence[int] | None = None) -> Ranked:
        """bm25() is negative, lower is better: flipped here, once."""
        wanted = list(dict.fromkeys(terms))
        if not wanted or k < 1:
            return []
        match = " OR ".join(map(_quoted, wanted))
        # "+": a filter on the one scan; else SQLite would run the whole match once for each id.
        limit = "" if only is None else "and +rowid in (select value from json_each(:only))"
        rows = self._connection.execute(
            f"""
            select rowid, -bm25(terms, {HEADER_WEIGHT}, 1.0) as score from terms
            where terms match :match {limit} order by score desc, rowid limit :k
            """,
            {"match": match, "k": k, "only": json.dumps(None if only is None else list(map(int, only)))},
        )
        return [(int(id), float(score)) for id, score in rows]

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """From FTS5's own vocabulary, text column only."""
        wanted = list(dict.fromkeys(terms))
        rows = self._connection.execute(
            """
            select term, doc from temp.vocabulary
            where col = 'body' and term in (select value from json_each(?))
            """,
            (json.dumps(wanted),),
        )
        return {term: 0 for term in wanted} | {str(term): int(count) for term, count in rows}

    def optimize(self) -> None:
        """Merges all segments, so that no term of a removed snippet is left in the file."""
        self._connection.execute("insert into terms(terms) values ('optimize')")
