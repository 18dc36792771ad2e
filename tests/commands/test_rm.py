from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_a_removed_file_leaves_no_trace_and_stays_on_disk(notes: Path, run: Run) -> None:
    done = run("rm", "--yes", "birds/kiwi.txt", "--json")
    assert (done.code, done.value["removed"]) == (0, ["birds/kiwi.txt"])
    assert "kiwi" not in run("ls").out
    assert run("search", "kiwi eggs", "--mode", "lexical").code == 3
    assert (notes / "birds" / "kiwi.txt").is_file()


def test_a_folder_means_what_is_in_it(notes: Path, run: Run) -> None:
    assert run("rm", "--yes", "birds").out == "removed   birds/kiwi.txt\n"


def test_without_a_terminal_it_does_not_ask_but_needs_yes(notes: Path, run: Run) -> None:
    done = run("rm", "penguins.md")
    assert done.code == 2
    assert "--yes" in done.err
    assert "penguins.md" in run("ls").out


def test_what_is_not_in_the_index_exits_4_and_nothing_is_removed(notes: Path, run: Run) -> None:
    assert run("rm", "--yes", "penguins.md", "absent.md").code == 4
    assert "penguins.md" in run("ls").out
    assert run("rm", "--yes", "").code == 4
