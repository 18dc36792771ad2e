"""No verb that runs no large model loads torch, on a fresh home too: each runs in a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragcli import cli
from tests.library import PARAGRAPHS, fill
from tests.test_architecture import HEAVY

TORCH = {"torch", "transformers", "sentence_transformers"}
SCRIPT = """
import sys
from ragcli.cli import main
code = main(sys.argv[1:])
sys.stderr.write(f"\\n@{code} " + " ".join(sorted(module for module in sys.modules if "." not in module)))
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed, its exit code, and the modules that were loaded when it was done."""

    out: str
    code: int
    modules: set[str]


@dataclass(frozen=True)
class Place:
    """A folder of notes with its index, and a home in which nothing else lies."""

    notes: Path
    home: Path

    def run(self, *arguments: str) -> Ran:
        """Runs `ragcli ARGUMENTS` in the folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAGCLI_", "HF_", "XDG_"))}
        environment = kept | {"HOME": str(self.home), "RAGCLI_CACHE": str(self.home / "cache"), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.notes,
            env=environment,
        )
        assert "\n@" in done.stderr, done.stderr
        code, *modules = done.stderr.rpartition("\n@")[2].split()
        return Ran(done.stdout, int(code), set(modules))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Ran]:
    """Three files, and their first ingest by the default model: it makes the export in the empty home."""
    place = Place(tmp_path_factory.mktemp("notes"), tmp_path_factory.mktemp("home"))
    fill(place.notes, **dict(zip("abc", PARAGRAPHS, strict=True)))
    return place, place.run("ingest", ".")


@pytest.fixture
def place(first: tuple[Place, Ran]) -> Place:
    return first[0]


def test_the_first_ingest_on_a_fresh_home_loads_no_torch(first: tuple[Place, Ran]) -> None:
    place, ran = first
    assert ran.code == 0
    assert list((place.home / "cache").rglob("*.onnx"))
    assert "onnxruntime" in ran.modules
    assert not ran.modules & TORCH


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "when was the light dark"],
        ["search", "barrel", "--mode", "lexical"],
        ["ask", "How long did one barrel of paraffin last?"],
        ["ask", "How long did one barrel of paraffin last?", "--json"],
        ["ls"],
        ["stats"],
        ["doctor"],
        ["rebuild"],
        ["schema", "answer"],
        ["models", "list"],
        ["ingest", "-n", "."],
        ["ingest", "."],
    ],
    ids=" ".join,
)
def test_no_torch_and_no_faiss_but_to_write_vectors(place: Place, arguments: Sequence[str]) -> None:
    ran = place.run(*arguments)
    assert ran.code == 0
    assert ran.out
    assert not ran.modules & TORCH
    assert ("faiss" in ran.modules) == (arguments == ["rebuild"])


def test_no_torch_to_embed_a_changed_file(place: Place) -> None:
    fill(place.notes, d=f"{PARAGRAPHS[0]} It was rewound at midnight.")
    ran = place.run("ingest", ".", "--json")
    assert json.loads(ran.out.splitlines()[-1])["windows_embedded"] == 1
    assert "onnxruntime" in ran.modules
    assert not ran.modules & TORCH


def test_no_numpy_to_list_the_files(place: Place) -> None:
    ran = place.run("ls")
    assert ran.code == 0
    assert "a.md" in ran.out
    assert not {"numpy", "tokenizers", "rich"} & ran.modules


def test_no_torch_to_show_a_snippet(place: Place) -> None:
    found = place.run("search", "paraffin", "--json")
    ran = place.run("show", json.loads(found.out)["hits"][0]["id"])
    assert "Paraffin came by boat" in ran.out
    assert not ran.modules & TORCH


def test_no_torch_to_remove_a_file(place: Place) -> None:
    fill(place.notes, e="The boat was painted green.")
    assert place.run("ingest", "e.md").code == 0
    ran = place.run("rm", "--yes", "e.md")
    assert (ran.code, ran.out.split()[-1]) == (0, "e.md")
    assert not ran.modules & TORCH


@pytest.mark.parametrize("arguments", [[], ["--help"], ["ask", "--help"], ["--version"], ["help", "exit-codes"]])
def test_help_loads_nothing_heavy(place: Place, arguments: Sequence[str]) -> None:
    ran = place.run(*arguments)
    assert ran.code == 0
    assert not ran.modules & set(HEAVY)


@pytest.mark.parametrize("verb", [verb for verb in cli.VERBS if verb != "models"])
def test_a_verbs_line_in_help_is_that_of_its_own_help(verb: str) -> None:
    assert importlib.import_module(f"ragcli.commands.{verb}").run.__doc__.splitlines()[0] == cli.VERBS[verb]


def test_only_the_verb_that_is_called_is_imported() -> None:
    """And of types.py, whose records cost 20 ms to make, `--help` needs none."""
    script = "import sys; from ragcli.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    for arguments, expected in ((["--help"], set()), (["ls", "--help"], {"ragcli.commands.ls", "ragcli.types"})):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        verbs = {f"ragcli.commands.{verb}" for verb in cli.VERBS}
        assert set(done.stderr.split()) & (verbs | {"ragcli.types"}) == expected
