from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ragcli import cli
from tests.test_architecture import HEAVY

from .conftest import Run

SCRIPT = """
import atexit, sys
atexit.register(lambda: print("@", *sys.modules, file=sys.stderr))
from ragcli.cli import main
main(["x"])
"""


def complete(shell: str, line: str) -> str:
    """What the shell is told for a command line; the last word is the one that is being typed."""
    words = line.split(" ")
    environment = os.environ | {
        "_RAGCLI_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert not {module.split(".")[0] for module in done.stderr.split()} & set(HEAVY) - {"rich"}
    assert "ragcli.index" not in done.stderr.split()
    assert "rich.text" not in done.stderr.split()
    return done.stdout


def bash(line: str) -> list[str]:
    return complete("bash", line).split()


def test_documents_and_refs_are_offered_from_the_index(notes: Path, run: Run) -> None:
    ref = run("search", "kiwi", "--json").value["hits"][0]["id"]
    assert bash("ragcli show ") == ["birds/kiwi.txt", "penguins.md"]
    assert bash(f"ragcli show {ref[:3]}") == [ref]
    assert bash("ragcli rm b") == ["birds/kiwi.txt"]
    assert bash("ragcli ask question --path p") == ["penguins.md"]
    assert bash(f"ragcli show --index {notes / '.ragcli'} p") == ["penguins.md"]


def test_verbs_flags_and_names_are_offered(folder: Path) -> None:
    assert set(bash("ragcli ")) == set(cli.VERBS)
    assert "--citation-mode" in bash("ragcli ask --c")
    assert bash("ragcli ask --format h") == ["html"]
    assert bash("ragcli ls --color a") == ["auto", "always"]
    assert bash("ragcli ask --runtime ex") == ["extractive"]
    assert bash("ragcli help en") == ["environment"]
    assert "answer" in bash("ragcli schema ")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(shell: str, notes: Path) -> None:
    out = complete(shell, "ragcli rm p")
    assert "penguins.md" in out
    assert "kiwi" not in out


@pytest.mark.parametrize("broken", ["absent", "damaged", "other", "settings"])
def test_without_a_sound_index_nothing_is_offered_and_nothing_said(broken: str, notes: Path) -> None:
    store = notes / ".ragcli" / "store.sqlite"
    if broken == "absent":
        store.unlink()
    elif broken == "damaged":
        store.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    elif broken == "settings":
        (notes / "ragcli.toml").write_text("k = ")
    else:
        (notes / ".ragcli").rename(notes / "elsewhere")
        (notes / ".ragcli").symlink_to(notes / "elsewhere")
    assert bash("ragcli show ") == []


def test_a_name_that_means_something_to_a_shell_is_not_offered(folder: Path, run: Run) -> None:
    names = [
        'a\\");touch pwned;(b.md',
        "a$(touch pwned).md",
        "a`touch pwned`.md",
        "a\nb.md",
        "a;b.md",
        "-a.md",
        "a b.md",
    ]
    for name in [*names, "a.md", "aé中.md"]:
        (folder / name).write_text(f"Of {len(name)} letters.", "utf-8")
    assert run("ingest", ".", "-q").code == 0
    assert bash("ragcli rm a") == ["a.md", "aé中.md"]
    assert "touch" not in complete("zsh", "ragcli rm ")
    assert complete("fish", "ragcli rm a").split("\n") == ["a b.md", "a.md", "aé中.md", ""]


def test_bash_itself_completes_by_the_script_that_is_printed(notes: Path) -> None:
    ragcli = notes.parent / "ragcli"
    ragcli.write_text(f'#!/bin/sh\nexec {sys.executable} -m ragcli "$@"\n')
    ragcli.chmod(0o755)
    script = """eval "$(_RAGCLI_COMPLETE=source_bash "$0")"
    COMP_WORDS=("$0" rm p) COMP_CWORD=2
    _ragcli_completion "$0"
    echo "${COMPREPLY[@]}" """
    done = subprocess.run(["bash", "-c", script, str(ragcli)], capture_output=True, text=True, check=False)
    assert done.stdout == "penguins.md\n", done.stderr
