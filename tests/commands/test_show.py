from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import KIWI, PENGUINS, Run


def ref(run: Run) -> str:
    return str(run("search", "kiwi eggs", "-k", "1", "--json").value["hits"][0]["id"])


def test_a_snippet_is_shown_by_the_start_of_its_ref(notes: Path, run: Run) -> None:
    found = ref(run)
    done = run("show", found[:8])
    assert done.out.startswith("birds/kiwi.txt:1")
    assert done.out.endswith(KIWI)
    value = run("show", found, "--json").value
    assert (value["id"], value["document"]["snippet"]) == (found, KIWI.strip())


def test_a_document_is_shown_by_its_path_from_anywhere(notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("show", "penguins.md", "--json").value["text"] == PENGUINS
    monkeypatch.chdir(notes / "birds")
    assert run("show", "kiwi.txt", "--json").value["text"] == KIWI
    assert run("show", "birds/kiwi.txt", "--json").value["text"] == KIWI
    assert run("show", str(notes / "penguins.md")).out.endswith(PENGUINS)


def test_what_is_not_there_exits_4(notes: Path, run: Run) -> None:
    for name in ("absent.md", "ffffffffffffffff", "zz", "../..", ""):
        assert run("show", name).code == 4


def test_a_ref_that_fits_several_snippets_exits_2(notes: Path, run: Run) -> None:
    for number in range(40):
        (notes / f"{number}.txt").write_text(f"Bird number {number} sings song {number * 7}.", "utf-8")
    run("ingest", ".")
    codes = {run("show", character).code for character in "0123456789abcdef"}
    assert 2 in codes
    assert codes <= {0, 2, 4}
