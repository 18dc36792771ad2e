"""Caches stay in step with the store, in few files, without writing all anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from ragcli import cachefile, segments
from ragcli.errors import MissingError
from ragcli.index import Index
from ragcli.store import Store
from ragcli.types import FileState, Parsed
from tests.library import cache_file, fill, ingested, opened
from tests.test_index import file

CACHES = [segments.TERMS, segments.vectors(64)]


def grown(tmp_path: Path, counts: list[int]) -> Path:
    """An index that was published after each so many documents of one snippet."""
    at = 0
    with opened(tmp_path) as index:
        for count in counts:
            for number in range(at, at + count):
                index.put(file(f"{number}.md", str(number)), Parsed(f"Lamp number {number}."), state=FileState.ADDED)
            at += count
            index.publish()
    return tmp_path / ".ragcli"


def sizes(folder: Path, cache: segments.Cache) -> list[int]:
    store = Store.open(folder)
    found = [entry.rows for entry in segments.entries(store, cache)]
    store.close()
    return found


def held(index: Index, cache: segments.Cache) -> list[int]:
    notices: list[str] = []
    found = segments.current(index.folder, index.store, cache, notices.append)
    ids = [int(id) for segment in found for id in segment.arrays["ids"]]
    assert notices == []
    return ids


@pytest.mark.parametrize("cache", CACHES, ids=["terms", "vectors"])
def test_small_files_are_joined_as_they_grow_and_large_ones_left_alone(tmp_path: Path, cache: segments.Cache) -> None:
    folder = grown(tmp_path, [20, 2, 1, 1, 1])
    assert sizes(folder, cache) == [20, 5]
    with opened(tmp_path, write=False) as index:
        assert held(index, cache) == list(range(1, 26))


@pytest.mark.parametrize("cache", CACHES, ids=["terms", "vectors"])
def test_no_file_is_larger_than_the_largest(
    tmp_path: Path, cache: segments.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 4)
    assert sizes(grown(tmp_path, [10, 3]), cache) == [4, 4, 2, 3]


@pytest.mark.parametrize("cache", CACHES, ids=["terms", "vectors"])
def test_a_removal_replaces_only_the_file_that_held_it(
    tmp_path: Path, cache: segments.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 4)
    folder = grown(tmp_path, [12])
    before = {path.name for path in folder.glob(f"{cache.name}.*")}
    with opened(tmp_path) as index:
        index.drop(["5.md"])
        assert held(index, cache) == [*range(1, 6), *range(7, 13)]  # before anything is written
        index.publish()
        assert index.store.covered.gone(cache.name) == []
    after = {path.name for path in folder.glob(f"{cache.name}.*")}
    assert (len(before - after), len(after - before)) == (1, 1)
    with opened(tmp_path, write=False) as index:
        assert held(index, cache) == [*range(1, 6), *range(7, 13)]


@pytest.mark.parametrize("cache", CACHES, ids=["terms", "vectors"])
def test_a_damaged_file_amid_others_is_made_anew_alone(
    tmp_path: Path, cache: segments.Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "ROWS", 4)
    folder = grown(tmp_path, [12])
    store = Store.open(folder)
    middle = segments.entries(store, cache)[1]
    store.close()
    (folder / middle.name).write_bytes(b"damaged")
    notices: list[str] = []
    with opened(tmp_path, notice=notices.append) as index:
        found = list(segments.current(folder, index.store, cache, notices.append))
        assert [segment.arrays["ids"].tolist() for segment in found] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
        assert [segment.entry is None for segment in found] == [False, True, False]
        assert [middle.name in notice for notice in notices] == [True]
        index.publish()
        assert segments.entries(index.store, cache)[1].sha256 == middle.sha256
        assert held(index, cache) == list(range(1, 13))


def test_an_unchanged_index_is_not_written(tmp_path: Path) -> None:
    folder = grown(tmp_path, [3])
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    with opened(tmp_path) as index:
        index.publish()
    assert {name: (folder / name).stat().st_mtime_ns for name in before if name != "lock"} == {
        name: time for name, time in before.items() if name != "lock"
    }


def test_an_emptied_index_has_no_files(tmp_path: Path) -> None:
    folder = grown(tmp_path, [2])
    with opened(tmp_path) as index:
        index.drop(["0.md", "1.md"])
        index.publish()
        assert [held(index, cache) for cache in CACHES] == [[], []]
    assert not [*folder.glob("terms.*"), *folder.glob("vectors.*")]


def test_files_that_no_record_names_are_swept(tmp_path: Path) -> None:
    folder = grown(tmp_path, [2])
    for name in ("vectors.faiss", "terms.0123456789abcdef"):
        (folder / name).touch(mode=0o600)
    with opened(tmp_path) as index:
        index.publish()
    assert [len(list(folder.glob(f"{cache.name}.*"))) for cache in CACHES] == [1, 1]


def test_a_file_of_another_form_is_replaced_by_one_that_faiss_opens(tmp_path: Path) -> None:
    """As an index has it that was written before its vectors were FAISS's."""
    folder, notices = grown(tmp_path, [3]), list[str]()
    with opened(tmp_path, notice=notices.append) as index:
        old = cachefile.write(folder, "vectors", cachefile.ARRAYS, {"ids": np.arange(1, 4)}, (1, 3))
        index.store.covered.set_record("vectors", json.dumps({"files": [old]}))
        assert len(index.vectors) == 3
        assert [old.name in notice for notice in notices] == [True]
        index.publish()
        assert held(index, CACHES[1]) == [1, 2, 3]
    assert faiss.read_index(str(cache_file(tmp_path))).ntotal == 3


def test_without_faiss_an_index_is_searched_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = grown(tmp_path, [2])
    before = sorted(folder.glob("vectors.*"))
    monkeypatch.setitem(sys.modules, "faiss", None)
    with opened(tmp_path) as index:
        index.put(file("new.md", "new"), Parsed("Lamp new."), state=FileState.ADDED)
        with pytest.raises(MissingError, match="faiss"):
            index.publish()
        assert index.vectors.ids().tolist() == [1, 2, 3]
    assert sorted(folder.glob("vectors.*")) == before


def test_a_copied_index_is_believed_after_one_look_and_recorded_at_the_next_write(tmp_path: Path) -> None:
    fill(tmp_path, a="The lamp burns paraffin.")
    ingested(tmp_path)
    path = cache_file(tmp_path)
    raw = path.read_bytes()
    path.unlink()
    path.write_bytes(raw)
    notices: list[str] = []
    with opened(tmp_path, notice=notices.append) as index:
        before = index.store.covered.record("vectors")
        assert len(index.vectors) == 1
        index.publish()
        assert index.store.covered.record("vectors") != before
    assert notices == []


@pytest.mark.parametrize(
    "record",
    [
        "{}",
        "[1]",
        '{"files": [["vectors.x"]]}',
        '{"files": [["../vectors.x", 1, 1, 1, 1, "0", 1, 1, 1]]}',
        '{"files": [["vectors.x", "1", 1, 1, 1, "0", 1, 1, 1]]}',
    ],
)
def test_a_damaged_record_is_said_and_not_believed(tmp_path: Path, record: str) -> None:
    grown(tmp_path, [2])
    notices: list[str] = []
    with opened(tmp_path, notice=notices.append) as index:
        index.store.set_meta("cache:vectors", record)
        assert index.vectors.ids().tolist() == [1, 2]
    assert len(notices) == 1


def test_a_long_ingest_is_published_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "ROWS", 4)
    with opened(tmp_path) as index:
        for number in range(9):
            index.put(file(f"{number}.md", str(number)), Parsed(f"Lamp {number}."), state=FileState.ADDED)
        assert [entry.rows for entry in segments.entries(index.store, CACHES[1])] == [4, 4]
        assert sorted(index.vectors.ids().tolist()) == list(range(1, 10))
        assert np.array_equal(np.sort(index.vectors.ids()), np.arange(1, 10))
