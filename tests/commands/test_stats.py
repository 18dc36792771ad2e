from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_the_figures_of_an_index(notes: Path, run: Run) -> None:
    value = run("stats", "--json").value
    assert (value["documents"], value["formats"]) == (2, {".md": 1, ".txt": 1})
    assert value["languages"] == {"English": 2}
    assert sum(step["snippets"] for step in value["snippet_words"]) == value["snippets"]
    text = run("stats").out
    assert text.startswith("2 documents, ")
    assert "cut to 150-220" in text


def test_without_an_index_there_are_none(folder: Path, run: Run) -> None:
    assert run("stats").code == 4
