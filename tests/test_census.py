from __future__ import annotations

from pathlib import Path

from ragcli.census import Census
from ragcli.store import Store
from tests.test_rebuild import TEXTS, fill


def test_the_whole_index_is_counted_as_it_stands(tmp_path: Path) -> None:
    store = Store.open(fill(tmp_path))
    census = Census(store.connection)
    assert census.complaints() == []
    assert dict(census.texts()) == {uri: parsed.text for uri, parsed in TEXTS.items()}
    assert {uri: snippets for uri, (_, snippets) in census.documents().items()} == {"a.md": 1, "b.md": 1, "c.txt": 4}
    assert len(list(census.snippet_texts())) == 6
    assert (census.without_windows(), census.without_terms(), census.loose_terms()) == (0, 0, 0)
    assert len(census.windows_of("c.txt")) == 8
    header, body = census.terms(1) or ("", "")
    assert "keeper" in header.split()
    assert "clockwork" in body.split()
    assert census.terms(99) is None
    frequencies = {(column, term): count for column, term, count in census.frequencies()}
    assert frequencies["body", "clockwork"] == 5
    store.close()


def test_rows_that_refer_to_nothing_are_a_complaint(tmp_path: Path) -> None:
    store = Store.open(fill(tmp_path), write=True)
    store.connection.execute("pragma foreign_keys = off")
    store.connection.execute("delete from document where id = 1")
    assert Census(store.connection).complaints() == ["1 rows refer to rows that are not there"]
    store.close()
