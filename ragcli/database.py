"""How the database is opened: settings, schema, migrations. `store.py` reads and writes its rows."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ragcli.errors import DamagedIndex, MissingError
from ragcli.failpoints import failpoint
from ragcli.rows import digest_of, document_digest

NAME: Final = "store.sqlite"
APPLICATION_ID: Final = 0x72616763  # "ragc"

BUSY_MS: Final = 10_000
PAGE_BYTES: Final = 4096
"""SQLite's own since 2016, and so that of every index."""

_AT_REST: Final = "ro&immutable=1"
NO_ROOM: Final = frozenset(
    {
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE),
        *(sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP),
    }
)

# WAL with FULL: a commit is on the disk when it returns. trusted_schema off: the file may come from a stranger.
_PRAGMAS: Final = (
    f"busy_timeout = {BUSY_MS}",
    "foreign_keys = on",
    "trusted_schema = off",
    "cell_size_check = on",
    "mmap_size = 0",
    "secure_delete = on",
)


_SCHEMA_1: Final = (
    "create table meta (key text primary key, value text not null) strict",
    """
    create table document (
        id integer primary key autoincrement,
        uri blob not null unique,
        sha256 text not null,
        title text not null,
        text text not null,
        pages text not null,
        metadata text not null
    ) strict
    """,
    """
    create table snippet (
        id integer primary key autoincrement,
        document_id integer not null references document on delete cascade,
        ref text not null unique,
        start integer not null,
        end integer not null,
        text text not null,
        fields text not null,
        first_line integer not null,
        last_line integer not null,
        pages text not null,
        digest blob not null
    ) strict
    """,
    "create index snippet_document on snippet(document_id)",
    """
    create table window (
        id integer primary key autoincrement,
        snippet_id integer not null references snippet on delete cascade,
        start integer not null,
        end integer not null,
        digest blob not null,
        vector blob not null,
        crc integer not null
    ) strict
    """,
    "create index window_snippet on window(snippet_id)",
    "create index window_digest on window(digest)",
    """
    create table file (
        uri blob primary key,
        state text not null,
        reason text not null,
        notes text not null,
        snippets integer not null,
        size_bytes integer not null,
        mtime_ns integer not null,
        inode integer not null,
        ctime_ns integer not null,
        sha256 text not null
    ) strict
    """,
)


def _m001_create(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA_1:
        connection.execute(statement)


def _m002_digests(connection: sqlite3.Connection) -> None:
    """Every value that is shown is covered. What was damaged before gets no digest, and stays known as damaged."""
    connection.execute("alter table document add column digest blob not null default x''")
    columns = "uri, sha256, title, text, pages, metadata"
    for id, *row in connection.execute(f"select id, {columns} from document order by id"):
        connection.execute("update document set digest = ? where id = ?", (document_digest(*row), id))
    shown = "ref, start, end, snippet.text, fields, first_line, last_line, snippet.pages"
    rows = connection.execute(
        f"select snippet.id, snippet.digest, uri, {shown} from snippet join document on document.id = document_id"
    )
    for id, digest, *row in rows:
        _, _, start, end, text, fields, *_ = row
        old = hashlib.blake2b(f"{start}:{end}:{fields}:{text}".encode("utf-8", "surrogatepass"), digest_size=16)
        fresh = digest_of(*row) if old.digest() == digest else b""
        connection.execute("update snippet set digest = ? where id = ?", (fresh, id))


# Terms as they stood before schema 3, in a table that SQLite found them by. Every printable category is part of one.
_TOKENIZER: Final = "unicode61 remove_diacritics 0 categories ''L* M* N* P* S* Co''"
_FTS5_TERMS: Final = f"create virtual table if not exists terms using fts5(header, body, tokenize = '{_TOKENIZER}')"
_FTS5_UNTIL: Final = 2
TERMS_TABLE: Final = 'create table "terms" (id integer primary key, header text not null, body text not null) strict'


def _m003_caches(connection: sqlite3.Connection) -> None:
    """Terms become plain rows, which leave without a trace by themselves: FTS5 drops a removed term for good only when
    it writes all of its index anew. What left the rows, and may still be in a cache, is listed."""
    connection.execute(_FTS5_TERMS)
    connection.execute(TERMS_TABLE.replace("terms", "plain"))
    connection.execute("insert into plain select rowid, header, body from terms")
    connection.execute("drop table terms")
    connection.execute("alter table plain rename to terms")
    listed = "cache text not null, id integer not null, primary key (cache, id)"
    connection.execute(f"create table gone ({listed}) strict, without rowid")
    connection.execute("delete from meta where key in ('cache:vectors.faiss', 'unscrubbed')")


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_m001_create, _m002_digests, _m003_caches)
"""Schema n is reached by the first n of these; `user_version` is n, set in the same transaction."""


def connect(path: Path, *, write: bool, outdated: bool = False) -> sqlite3.Connection:
    """A connection with our settings and the current schema; with `outdated` whatever schema it has."""
    mode = "rwc" if write else "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    wal = path.with_name(path.name + "-wal")
    at_rest = not (wal.exists() and wal.stat().st_size)
    if write:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite would make it readable for others
    elif mode == "ro" and at_rest:  # a cleanly closed WAL database cannot be opened read-only otherwise
        mode = _AT_REST
    try:
        return _connected(path, mode, write=write, outdated=outdated)
    except sqlite3.OperationalError as error:  # a full disk has no room for what the users of a log share
        if write or not at_rest or getattr(error, "sqlite_errorcode", 0) not in NO_ROOM:
            raise
    return _connected(path, _AT_REST, write=False, outdated=outdated)


def _connected(path: Path, mode: str, *, write: bool, outdated: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path.absolute().as_uri() + f"?mode={mode}", uri=True, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        connection.execute("pragma schema_version")  # the first read: a disk that cannot be read is known from here on
        if write:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
        if not outdated:
            _migrate(connection, path, write=write)
    except BaseException:
        connection.close()
        raise
    return connection


def existing(folder: Path) -> Path:
    """The database of the index in a folder; MissingError where there is none."""
    path = folder / NAME
    if not path.is_file():
        raise _missing(folder)
    return path


def _missing(folder: Path) -> MissingError:
    return MissingError(f"no index at {folder}", "make one: ragcli ingest FOLDER")


def schema_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Name -> statement of all that a database declares, white space as single spaces; SQLite's own left out."""
    rows = connection.execute("select name, coalesce(sql, '') from sqlite_master")
    return {str(name): " ".join(str(sql).split()) for name, sql in rows if not str(name).startswith("sqlite_")}


def blank(version: int = len(MIGRATIONS)) -> sqlite3.Connection:
    """An empty database in memory with the schema of that version."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in MIGRATIONS[:version]:
        migration(connection)
    if version <= _FTS5_UNTIL:
        connection.execute(_FTS5_TERMS)
    return connection


def look(path: Path) -> sqlite3.Connection:
    """A connection to a database file that may come from a stranger; nothing is written, nothing in it is run."""
    connection = sqlite3.connect(path.absolute().as_uri() + "?mode=ro&immutable=1", uri=True, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"pragma {pragma}")
    page = int(connection.execute("pragma page_size").fetchone()[0])
    if page != PAGE_BYTES:  # it could not be copied over another store
        connection.close()
        raise DamagedIndex(f"the store has pages of {page} bytes, not {PAGE_BYTES}", "export the index again")
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """The schema's number; 0 for a database that is not ours."""
    ours = int(connection.execute("pragma application_id").fetchone()[0]) == APPLICATION_ID
    return int(connection.execute("pragma user_version").fetchone()[0]) if ours else 0


def _migrate(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    """Brings the schema up to date in one transaction: a store is of one version or of another, never half-way."""
    version = int(connection.execute("pragma user_version").fetchone()[0])
    if not version and not write and not schema_of(connection):  # a first ingest was killed before it had a table
        raise _missing(path.parent)
    if version > len(MIGRATIONS):
        message = f"the index has format {version}, this ragcli knows formats up to {len(MIGRATIONS)}"
        raise DamagedIndex(message, "upgrade ragcli")
    if version and int(connection.execute("pragma application_id").fetchone()[0]) != APPLICATION_ID:
        raise DamagedIndex("the database is not a ragcli index", "name another folder with --index")
    if version < len(MIGRATIONS) and not write:
        message = f"the index has format {version}, this ragcli needs {len(MIGRATIONS)}"
        raise DamagedIndex(message, "bring it up to date: ragcli rebuild")
    if version == len(MIGRATIONS):
        return
    connection.execute("begin immediate")
    for migration in MIGRATIONS[version:]:
        migration(connection)
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute(f"pragma user_version = {len(MIGRATIONS)}")
    failpoint("database.migrated")
    connection.execute("commit")
