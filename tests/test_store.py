import hashlib
import json
import os
import sqlite3
from pathlib import Path

import pytest

from ragcli import database
from ragcli.database import APPLICATION_ID, MIGRATIONS, NAME, blank
from ragcli.errors import DamagedIndex, MissingError
from ragcli.index import pinned_model
from ragcli.rows import NewSnippet, NewWindow, Pins
from ragcli.store import Store
from ragcli.types import Document, File, FileOutcome, FileState, Page, Stat

TEXT = "first line\nsecond line holds the quote\nthird"
PINS = Pins("hashing:4", "hashing-4", 4, 150, 220, 128, 96, 1)


def add(store: Store, uri: str = "a.md", text: str = TEXT) -> list[tuple[int, list[int]]]:
    window = NewWindow(0, 5, b"d" * 16, b"\x00\x00\x80?" * 4)
    snippet = NewSnippet(11, 38, text[11:38], (("title", "T"),), (2, 2), ((1, "i"),), (window, window))
    document = Document(0, uri, "ab", "T", text, (Page(0, "i"),), (("k", "v"),))
    with store.transaction():
        return store.put_document(File(uri, Stat(1, 2, 3, 4), "ab"), document, [snippet])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Store.open(tmp_path, write=True).close()
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    return Store.open(folder, write=True)


def test_a_missing_index_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as raised:
        Store.open(tmp_path)
    assert "ragcli ingest" in raised.value.hint
    assert list(tmp_path.iterdir()) == []  # looking makes nothing


def test_a_document_and_its_snippet_come_back_as_they_were_put(store: Store) -> None:
    ((snippet_id, windows),) = add(store)
    document, (snippet,) = store.document("a.md"), store.snippets([snippet_id])
    assert document is not None
    assert (document.text, document.pages, document.metadata) == (TEXT, (Page(0, "i"),), (("k", "v"),))
    assert document.text[snippet.start : snippet.end] == snippet.text
    assert snippet.fields == (("title", "T"), ("text", snippet.text))
    assert (snippet.lines, snippet.pages, snippet.page_labels) == ((2, 2), (1,), ("i",))
    assert store.windows(windows) == {id: (snippet_id, (0, 5)) for id in windows}


@pytest.mark.parametrize("uri", ["a\udcff\udcfe.md", "new\nline", "'; drop table file; --", "é", "/abs/olute"])
def test_any_path_comes_back_as_it_was(store: Store, uri: str) -> None:
    add(store, uri)
    store.ledger.put(FileOutcome(uri, FileState.ADDED, "why", 1, ("note",)), Stat(1, 2, 3, 4), "ab")
    assert [document.uri for document in store.documents()] == [uri]
    assert store.ledger.lines() == {
        uri: (FileOutcome(uri, FileState.ADDED, "why", 1, ("note",)), Stat(1, 2, 3, 4), "ab")
    }


def test_the_same_place_of_the_same_file_has_the_same_ref(store: Store) -> None:
    ((first, _),) = add(store)
    (before,) = store.snippets([first])
    with store.transaction():
        store.drop_document("a.md")
    ((second, _),) = add(store)
    (after,) = store.snippets([second])
    assert before.ref == after.ref
    assert len(after.ref) == 16
    assert after.id > before.id  # ids never return


def test_a_ref_prefix_finds_its_snippet_and_is_no_pattern(store: Store) -> None:
    ((id, _),) = add(store)
    (snippet,) = store.snippets([id])
    assert store.snippets_by_ref(snippet.ref[:6]) == [snippet]
    assert store.snippets_by_ref("%") == []


def test_dropping_a_document_drops_all_that_hangs_on_it(store: Store) -> None:
    ((snippet_id, windows),) = add(store)
    with store.transaction():
        assert store.drop_document("a.md") == ([snippet_id], windows)
    assert store.count() == (0, 0, 0)
    assert store.snippets([snippet_id]) == []


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    before = store.generation()

    def fail() -> None:
        with store.transaction():
            store.set_meta("x", "y")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.meta("x") is None
    assert store.generation() == before


def test_every_transaction_raises_the_generation_by_one(store: Store) -> None:
    before = store.generation()
    add(store)
    add(store, "b.md")
    assert store.generation() == before + 2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "other"),
        ("fields", '[["title","U"]]'),
        ("start", 12),
        ("end", 12),
        ("ref", "0123456789abcdef"),
        ("first_line", 1),
        ("last_line", 3),
        ("pages", '[[2,"i"]]'),
        ("digest", b""),
    ],
)
def test_a_changed_snippet_is_named_and_never_shown(store: Store, column: str, value: str | int | bytes) -> None:
    ((id, _),) = add(store)
    store.connection.execute(f"update snippet set {column} = ?", (value,))
    with pytest.raises(DamagedIndex, match=r"'a\.md'") as raised:
        store.snippets([id])
    assert "ragcli doctor --deep" in raised.value.hint


def test_a_snippet_of_another_file_is_never_shown(store: Store) -> None:
    ((id, _),) = add(store)
    add(store, "b.md")
    store.connection.execute("update snippet set document_id = 2 where id = 1")
    with pytest.raises(DamagedIndex):
        store.snippets([id])


@pytest.mark.parametrize(
    ("column", "value"),
    [("title", "U"), ("sha256", "cd"), ("pages", "[]"), ("metadata", "[]"), ("digest", b""), ("uri", b"b.md")],
)
def test_a_changed_document_is_never_shown_nor_listed(store: Store, column: str, value: str | bytes) -> None:
    add(store)
    store.connection.execute(f"update document set {column} = ?", (value,))
    with pytest.raises(DamagedIndex):
        list(store.documents())
    with pytest.raises(DamagedIndex):
        store.document("b.md" if column == "uri" else "a.md")


def test_a_changed_text_of_a_document_is_never_shown(store: Store) -> None:
    add(store)
    store.connection.execute("update document set text = replace(text, 'first', 'worst')")
    assert [document.uri for document in store.documents()] == ["a.md"]  # which reads no text
    with pytest.raises(DamagedIndex):
        store.document("a.md")


def test_a_changed_vector_is_never_used(store: Store) -> None:
    ((_, windows),) = add(store)
    store.connection.execute("update window set vector = zeroblob(16)")
    with pytest.raises(DamagedIndex):
        list(store.vectors(windows))
    assert store.vector_by_digest(b"d" * 16) is None


def test_pins_come_back(store: Store) -> None:
    assert store.pins() is None
    store.set_pins(PINS)
    assert store.pins() == PINS


@pytest.mark.parametrize("stored", ["not JSON", "[]", '{"embedder": "a"}', '{"evil": 1}'])
def test_pins_that_make_no_sense_are_damage(store: Store, stored: str) -> None:
    store.set_meta("pins", stored)
    with pytest.raises(DamagedIndex, match="does not say what it was made with"):
        store.pins()


def test_a_copy_replaces_all_that_the_other_holds(store: Store, tmp_path: Path) -> None:
    add(store, "new.md")
    (tmp_path / "other").mkdir()
    other = Store.open(tmp_path / "other", write=True)
    add(other, "old.md")
    store.copy_into(other)
    assert other.document("new.md") is not None
    assert other.document("old.md") is None
    other.close()


def test_no_file_is_a_cache_once_all_are_forgotten(store: Store) -> None:
    store.covered.set_record("vectors.faiss", "{}")
    store.forget_caches()
    assert store.covered.record("vectors.faiss") is None


def test_siblings_are_the_snippets_of_the_same_file_and_its_parts(store: Store) -> None:
    [mail, plan, deep, other, near] = [
        add(store, uri)[0][0] for uri in ("a/x.eml", "a/x.eml/plan.pdf", "a/x.eml/y.eml/z.txt", "a/b.md", "a/x.eml0")
    ]
    with store.transaction():
        store.ledger.put(FileOutcome("a/x.eml", FileState.ADDED), Stat(1, 2, 3, 4))
        store.ledger.put(FileOutcome("a/x.eml/y.eml", FileState.NO_TEXT), Stat(1, 2, 3, -1))
    for one in (mail, plan, deep):
        assert set(store.ledger.siblings([one])) == {mail, plan, deep}
    found = store.ledger.siblings([deep, other, near])
    assert set(found) == {mail, plan, deep, other, near}
    assert len(set(found.values())) == 3
    assert store.ledger.siblings([]) == {}


def test_new_windows_take_the_place_of_the_old_under_new_ids(store: Store) -> None:
    ((snippet_id, old),) = add(store)
    with store.transaction():
        store.replace_windows(snippet_id, [NewWindow(5, 10, b"e" * 16, b"\x00\x00\x80?" * 4)])
    (new,) = store.window_ids()
    assert new not in old
    assert store.windows([new]) == {new: (snippet_id, (5, 10))}


def test_a_transaction_that_sqlite_has_rolled_back_raises_what_ended_it(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.set_meta("a", "b")
            store.connection.execute("rollback")  # as SQLite does on a full disk
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert store.meta("a") is None


def test_a_newer_format_is_refused_with_both_numbers(folder: Path) -> None:
    connection = sqlite3.connect(folder / NAME)
    connection.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(DamagedIndex, match=f"format {len(MIGRATIONS) + 1}.*up to {len(MIGRATIONS)}"):
        Store.open(folder)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(DamagedIndex):
        Store.open(tmp_path)


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute("create table meta (key, value)")
    connection.execute("pragma user_version = 1")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedIndex, match="not a ragcli index"):
        Store.open(tmp_path)


def test_a_reader_needs_no_right_to_write(store: Store, folder: Path) -> None:
    add(store)
    store.close()
    os.chmod(folder / NAME, 0o400)
    os.chmod(folder, 0o500)
    try:
        reader = Store.open(folder)
        assert reader.count() == (1, 1, 2)
        reader.close()
    finally:
        os.chmod(folder, 0o700)


def test_removed_text_does_not_stay_in_the_file(folder: Path) -> None:
    store = Store.open(folder, write=True)
    add(store, text=TEXT.replace("quote", "zanzibarite"))
    with store.transaction():
        store.drop_document("a.md")
    store.checkpoint()
    store.close()
    assert not any(b"zanzibarite" in path.read_bytes() for path in folder.iterdir())


def outdated(folder: Path) -> Path:
    """A store of the first format with two files, the text of b.md damaged."""
    folder.mkdir()
    connection = sqlite3.connect(folder / NAME, isolation_level=None)
    blank(1).backup(connection)
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute("pragma user_version = 1")
    for id, uri in ((1, b"a.md"), (2, b"b.md")):
        row = (id, uri, "ab", "T", TEXT, '[[0,"i"]]', "[]")
        connection.execute("insert into document values (?, ?, ?, ?, ?, ?, ?)", row)
        digest = hashlib.blake2b(f"11:38:[]:{TEXT[11:38]}".encode(), digest_size=16).digest()
        shown = (f"{id:016}", 11, 38, TEXT[11:38], "[]", 2, 2, "[]")
        connection.execute("insert into snippet values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (id, id, *shown, digest))
    connection.execute("update snippet set text = 'forged' where id = 2")
    connection.close()
    return folder


def test_an_older_format_is_brought_up_to_date_by_a_writer_and_damage_stays_damage(tmp_path: Path) -> None:
    folder = outdated(tmp_path / "old")
    with pytest.raises(DamagedIndex, match=r"format 1.*needs") as raised:
        Store.open(folder)
    assert "ragcli rebuild" in raised.value.hint
    Store.open(folder, write=True).close()
    store = Store.open(folder)
    assert [document.uri for document in store.documents()] == ["a.md", "b.md"]
    assert store.snippets([1])[0].text == TEXT[11:38]
    with pytest.raises(DamagedIndex, match=r"b\.md"):
        store.snippets([2])


def test_an_older_format_tells_its_pins_so_that_an_ingest_can_open_it(tmp_path: Path) -> None:
    folder = outdated(tmp_path / "old")
    assert pinned_model(folder) is None
    connection = sqlite3.connect(folder / NAME)
    connection.execute(
        "insert into meta values ('pins', ?)", (json.dumps({n: getattr(PINS, n) for n in Pins.__slots__}),)
    )
    connection.commit()
    connection.close()
    assert pinned_model(folder) == "hashing:4"


def test_an_index_that_a_kill_left_without_a_table_is_no_index_yet(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / NAME).close()
    assert pinned_model(tmp_path) is None
    with pytest.raises(MissingError, match="no index"):
        Store.open(tmp_path)
    Store.open(tmp_path, write=True).close()
    Store.open(tmp_path).close()


@pytest.mark.parametrize("name", ["SQLITE_IOERR_FSYNC", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_BUSY"])
def test_a_disk_that_fails_is_no_damaged_index(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = getattr(sqlite3, name)

    def failing(*_: object, **__: object) -> sqlite3.Connection:
        raise error

    monkeypatch.setattr("ragcli.store.connect", failing)
    with pytest.raises(sqlite3.OperationalError):
        Store.open(folder)


def test_the_terms_of_an_older_format_stay_and_its_search_tables_go(tmp_path: Path) -> None:
    folder = outdated(tmp_path / "old")
    connection = sqlite3.connect(folder / NAME)
    connection.execute("insert into terms(rowid, header, body) values (2, 'keeper', 'zanzibarite c++')")
    connection.execute("delete from terms where rowid = 2")
    connection.execute("insert into terms(rowid, header, body) values (1, 'keeper', 'lamp c++')")
    connection.execute("insert into meta values ('cache:vectors.faiss', '{}')")
    connection.commit()
    connection.close()
    store = Store.open(folder, write=True)
    assert list(store.covered.terms(1)) == [(1, "keeper", "lamp c++")]
    assert store.meta("cache:vectors.faiss") is None
    names = store.connection.execute("select name from sqlite_master where name like 'terms%'").fetchall()
    assert names == [("terms",)]
    store.checkpoint()
    store.close()
    assert b"zanzibarite" not in (folder / NAME).read_bytes()


def test_a_store_at_rest_is_read_on_a_disk_without_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = database._connected

    def without_room(path: Path, mode: str, *, write: bool, outdated: bool) -> sqlite3.Connection:
        if "immutable" in mode:
            return real(path, mode, write=write, outdated=outdated)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
        raise error

    monkeypatch.setattr("ragcli.database._connected", without_room)
    Store.open(folder).close()
    with pytest.raises(sqlite3.OperationalError):
        Store.open(folder, write=True)
    (folder / f"{NAME}-wal").write_bytes(b"somebody's log")
    with pytest.raises(sqlite3.OperationalError):  # what it holds must not be passed over
        Store.open(folder)
