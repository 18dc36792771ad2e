"""The command line in this process, and a folder of notes that is ingested with the hashing embedder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import ragcli
from ragcli import cli

SCHEMAS = Path(ragcli.__file__).parent / "schemas"

PENGUINS = """---
year: 2021
---
# Tall penguins

Penguins are flightless seabirds that live almost entirely in the southern hemisphere.

## Size

Emperor penguins are the tallest of all penguins. An adult reaches a height of 122 cm and weighs up to 45 kg.
"""
KIWI = "Kiwi birds lay very large eggs. They live in New Zealand.\n"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """stdout as one JSON document, valid by the schema that it names."""
        return checked(json.loads(self.out))

    @property
    def lines(self) -> list[Any]:
        """stdout as JSONL, each line valid by its schema."""
        return [checked(json.loads(line)) for line in self.out.splitlines()]


def checked(value: Any) -> Any:
    name = value["schema"].removeprefix("ragcli.").removesuffix("/1")
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
    return value


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""

    def run(*args: str) -> Done:
        capsys.readouterr()
        code = cli.main(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Done(code, out, err)

    return run


def write_notes(folder: Path) -> None:
    (folder / "birds").mkdir(parents=True)
    (folder / "penguins.md").write_text(PENGUINS, "utf-8")
    (folder / "birds" / "kiwi.txt").write_text(KIWI, "utf-8")
    (folder / "empty.txt").write_text("", "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notes, which is also the working folder; no index yet."""
    for variable in ("RAGCLI_INDEX", "RAGCLI_RUNTIME", "RAGCLI_K", "RAGCLI_CITATION_MODE", "RAGCLI_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RAGCLI_EMBEDDER", "hashing:64")
    notes = tmp_path / "notes"
    write_notes(notes)
    monkeypatch.chdir(notes)
    return notes


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the notes, made once."""
    notes = tmp_path_factory.mktemp("ingested") / "notes"
    write_notes(notes)
    flags = ("--index", str(notes / ".ragcli"), "--embedder", "hashing:64")
    assert cli.main(["ingest", "-q", str(notes), *flags]) == 0
    return notes / ".ragcli"


@pytest.fixture
def notes(folder: Path, ingested: Path) -> Path:
    """The folder with its index."""
    shutil.copytree(ingested, folder / ".ragcli")
    return folder
