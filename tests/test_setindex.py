"""A set's index is made once, goes on where it was, and knows its documents by the set's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.embedders.hashing import Hashing
from ragcli.errors import MissingError
from ragcli.index import open_index
from ragcli.setindex import fill, folder_of, make_index, placed, places, uri_of
from ragcli.testsets import QuestionSet, read_set, rows
from tests.library import PARAGRAPHS, ingested, opened
from tests.testsets_made import beir, files

NAME = "hashing:64"


def made(test: QuestionSet, within: Path, embedder: Hashing) -> Path:
    folder = folder_of(test, NAME, within)
    make_index(test, folder, lambda: embedder, NAME)
    return folder


def test_a_corpus_becomes_one_document_a_row_with_its_title(tmp_path: Path) -> None:
    test = read_set(beir(tmp_path / "set"))
    with open_index(made(test, tmp_path / "kept", Hashing(64)), Hashing(64)) as index:
        where = places(test, index, own=True)
        storm = index.store.document(where["storm"])
        assert storm is not None
        assert (storm.title, storm.text) == ("Storm", PARAGRAPHS[1])
        assert len(where) == 3


def test_rows_of_one_title_are_parts_of_one_file(tmp_path: Path) -> None:
    names = ("storm", "tide", "storm", "", "", "storm")
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(f'{{"id": "{n}", "title": "{name}", "text": "a"}}\n' for n, name in enumerate(names)))
    assert [uri for _, uri in placed(rows(corpus))] == [
        "0000000.txt", "0000001.txt", "0000000.txt/0000002.txt", "0000003.txt", "0000004.txt", "0000000.txt/0000005.txt"
    ]  # fmt: skip


def test_a_kept_index_is_not_made_again(tmp_path: Path) -> None:
    test = read_set(beir(tmp_path / "set"))
    first, second = Hashing(64), Hashing(64)
    folder = made(test, tmp_path / "kept", first)
    assert (made(test, tmp_path / "kept", second), first.encoded, second.encoded) == (folder, 3, 0)
    third = Hashing(64)
    make_index(test, folder, lambda: third, NAME, fresh=True)
    assert third.encoded == 3


def test_an_index_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    test = read_set(beir(tmp_path / "set"))
    folder = folder_of(test, NAME, tmp_path / "kept")
    assert test.corpus is not None
    with open_index(folder, Hashing(64), name=NAME, write=True) as index:
        fill(index, list(rows(test.corpus))[:2], 3)
    rest = Hashing(64)
    make_index(test, folder, lambda: rest, NAME)
    with open_index(folder, None) as index:
        assert (rest.encoded, index.store.count()[0]) == (1, 3)


def test_another_corpus_embedder_or_name_is_another_index(tmp_path: Path) -> None:
    test = read_set(beir(tmp_path / "set"))
    folder = folder_of(test, NAME, tmp_path)
    assert folder_of(test, "hashing:32", tmp_path) != folder
    (tmp_path / "set" / "corpus.jsonl").write_text('{"id": "a", "text": "b"}\n', "utf-8")
    assert folder_of(test, NAME, tmp_path) != folder
    odd = QuestionSet("../\x1b[2J a" * 9, (), files=tmp_path)
    assert folder_of(odd, NAME, tmp_path).parent == tmp_path
    assert "\x1b" not in folder_of(odd, NAME, tmp_path).name


def test_files_are_ingested_and_known_by_their_paths_without_the_questions(tmp_path: Path) -> None:
    test = read_set(files(tmp_path / "set"))
    with open_index(made(test, tmp_path / "kept", Hashing(64)), Hashing(64)) as index:
        assert sorted(places(test, index, own=True)) == ["light/keeper.md", "light/oil.md", "light/storm.md"]
    (tmp_path / "set" / "docs" / "light" / "oil.md").unlink()
    (tmp_path / "set" / "docs").rename(tmp_path / "set" / "notes")
    beside = read_set(tmp_path / "set")
    with open_index(made(beside, tmp_path / "kept", Hashing(64)), Hashing(64)) as index:
        assert sorted(places(beside, index, own=True)) == ["notes/light/keeper.md", "notes/light/storm.md"]


def test_in_another_index_a_document_is_known_by_the_end_of_its_path_or_its_name(tmp_path: Path) -> None:
    files(tmp_path / "notes")
    ingested(tmp_path / "notes" / "docs")
    with opened(tmp_path / "notes" / "docs", write=False) as index:
        assert places(read_set(tmp_path / "notes"), index, own=False) == {
            "light/oil.md": "light/oil.md",
            "light/storm.md": "light/storm.md",
        }
        judged = places(read_set(beir(tmp_path / "set")), index, own=False)
        assert judged == {"oil": "light/oil.md", "storm": "light/storm.md"}
        (tmp_path / "q.jsonl").write_text('{"id": 1, "text": "a?", "gold": [{"file": "b", "text": "c"}]}\n', "utf-8")
        with pytest.raises(MissingError, match="no document that the questions name"):
            places(read_set(tmp_path / "q.jsonl"), index, own=False)


def test_a_documents_name_says_nothing_and_keeps_its_order() -> None:
    assert [uri_of(number) for number in (0, 12)] == ["0000000.txt", "0000012.txt"]
