from __future__ import annotations

from pathlib import Path

from ragcli.census import Census

from .library import PARAGRAPHS, fill, ingested, opened


def test_refs_and_uris_are_found_by_how_they_begin(tmp_path: Path) -> None:
    fill(tmp_path, **{"a_1": PARAGRAPHS[0], "a%": PARAGRAPHS[1], "b__é": PARAGRAPHS[2]})
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
