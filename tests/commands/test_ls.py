from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_each_file_is_one_line_with_its_state(notes: Path, run: Run) -> None:
    lines = run("ls").out.splitlines()
    assert "added          1  penguins.md" in lines
    assert any(line.startswith("no_text") and "empty.txt" in line for line in lines)


def test_states_filter(notes: Path, run: Run) -> None:
    value = run("ls", "--state", "no_text", "--json").value
    assert [file["path"] for file in value["files"]] == ["empty.txt"]
    assert len(run("ls", "--state", "no_text", "--state", "added", "--json").value["files"]) == 3
    assert run("ls", "--state", "lost").code == 2


def test_ls_needs_no_embedder(notes: Path, run: Run) -> None:
    assert run("ls", "--index", ".ragcli").code == 0
