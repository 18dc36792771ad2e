import os
import sqlite3
from pathlib import Path

import pytest

from ragcli.database import MIGRATIONS, NAME
from ragcli.errors import DamagedIndex, MissingError
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
    ("table", "column"), [("snippet", "text"), ("snippet", "fields"), ("snippet", "start"), ("snippet", "end")]
)
def test_a_changed_snippet_is_named_and_never_shown(store: Store, table: str, column: str) -> None:
    ((id, _),) = add(store)
    value = '[["title","U"]]' if column == "fields" else "other" if column == "text" else 12
    store.connection.execute(f"update {table} set {column} = ?", (value,))
    with pytest.raises(DamagedIndex, match=r"'a\.md'"):
        store.snippets([id])


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
