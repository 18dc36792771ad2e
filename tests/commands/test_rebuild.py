from __future__ import annotations

from pathlib import Path

from tests.library import cache_file

from .conftest import Run


def test_the_search_indexes_are_made_anew_without_the_files(notes: Path, run: Run) -> None:
    for path in notes.glob("*.md"):
        path.unlink()
    cache_file(notes).unlink()
    done = run("rebuild", "--json")
    assert (done.code, done.value["embedder"], done.value["windows_embedded"]) == (0, "hashing:64", 0)
    assert cache_file(notes).exists()
    assert run("search", "penguins").code == 0


def test_another_model_is_pinned(notes: Path, run: Run) -> None:
    done = run("rebuild", "--embedder", "hashing:32")
    assert "hashing:32 · 2 windows embedded, 0 reused" in done.out
    assert run("search", "penguins").code == 6  # the variable still names the old one
    assert run("search", "penguins", "--embedder", "hashing:32").code == 0


def test_the_variable_alone_changes_no_model(notes: Path, run: Run) -> None:
    assert run("rebuild", "--json").value["windows_embedded"] == 0


def test_an_unknown_model_changes_nothing(notes: Path, run: Run) -> None:
    assert run("rebuild", "--embedder", "no/such-model").code == 4
    assert run("search", "penguins").code == 0


def test_without_an_index_there_is_nothing_to_rebuild(folder: Path, run: Run) -> None:
    assert run("rebuild").code == 4
    assert not (folder / ".ragcli").exists()
