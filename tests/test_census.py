from __future__ import annotations

from pathlib import Path

from ragcli.census import Census
from ragcli.store import Store
from tests.library import PARAGRAPHS, ingested, opened
from tests.library import fill as fill_files
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
    store.close()


def test_rows_that_refer_to_nothing_are_a_complaint(tmp_path: Path) -> None:
    store = Store.open(fill(tmp_path), write=True)
    store.connection.execute("pragma foreign_keys = off")
    store.connection.execute("delete from document where id = 1")
    assert Census(store.connection).complaints() == ["1 rows refer to rows that are not there"]
    store.close()


def test_refs_and_uris_are_found_by_how_they_begin(tmp_path: Path) -> None:
    fill_files(tmp_path, **{"a_1": PARAGRAPHS[0], "a%": PARAGRAPHS[1], "b__é": PARAGRAPHS[2]})
    ingested(tmp_path)
    with opened(tmp_path, write=False) as index:
        census = Census(index.store.connection)
        refs = sorted(snippet.ref for uri in ("a_1.md", "a%.md", "b/é.md") for snippet in index.store.snippets_of(uri))
        assert census.uris_from("", 9) == ["a%.md", "a_1.md", "b/é.md"]
        assert census.uris_from("a_", 9) == ["a_1.md"]
        assert census.uris_from("b/é", 9) == ["b/é.md"]
        assert census.uris_from("", 2) == ["a%.md", "a_1.md"]
        assert census.refs_from("", 9) == refs
        assert census.refs_from(refs[0][:8], 9) == refs[:1]
        assert census.refs_from(refs[0], 9) == refs[:1]
        assert census.refs_from("", 2) == refs[:2]
        assert census.refs_from("x'", 2) == []
        assert census.known_refs([refs[0], "0" * 16, '"]', *refs]) == set(refs)
        assert census.known_refs([]) == set()
