from __future__ import annotations

import re
import sqlite3
import tomllib
from pathlib import Path

import pytest

from ragcli import installation, models
from ragcli.embedders.hashing import Hashing
from ragcli.index import open_index
from ragcli.reports import Verdict
from ragcli.rows import Pins

PINS = Pins("hashing:64", "hashing-64", 64, 150, 220, 128, 96, 1)


def test_this_installation_passes() -> None:
    found = installation.packages()
    assert (found.verdict, found.mend) == (Verdict.OK, "")


def test_what_pyproject_allows_has_no_known_hole() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    floors = {found[1]: found[2] for line in lines if (found := re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", line))}
    for package, (first, _) in installation.HOLES.items():
        assert installation.parsed(floors[package]) >= first, package


def test_a_version_with_a_hole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = installation.version_of
    monkeypatch.setattr(installation, "version_of", lambda name: "6.9.1" if name == "pypdf" else real(name))
    found = installation.packages()
    assert found.verdict is Verdict.FAILED
    assert "pypdf 6.9.1: no limits" in found.detail
    assert found.mend.endswith("-m pip install 'pypdf>=7'")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_requirements", lambda: ["numpy<3,>=1.26", "surely-not-there>=1"])
    found = installation.packages()
    assert (found.verdict, found.detail) == (Verdict.FAILED, "not installed: surely-not-there")
    assert found.mend.endswith("pip install surely-not-there")


@pytest.mark.parametrize(
    ("version", "numbers"), [("2.13.0+cpu", (2, 13, 0)), ("5.3.0.dev1", (5, 3, 0)), ("7", (7,)), ("", ())]
)
def test_versions_are_compared_by_their_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert installation.parsed(version) == numbers


@pytest.mark.parametrize(
    ("version", "noted"), [((3, 40, 1), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 44, 6), False),
                           ((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False)]
)  # fmt: skip
def test_the_version_of_sqlite_is_named_with_its_bug(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], noted: bool
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert ("lose commits" in installation.sqlite().detail) is noted


def test_a_model_must_be_here_and_be_the_index_s() -> None:
    assert installation.model("hashing:64", PINS, deep=True, mend="M").verdict is Verdict.OK
    other = installation.model("hashing:32", PINS, deep=False, mend="M")
    assert (other.verdict, other.mend) == (Verdict.FAILED, "M")
    missing = installation.model("no/such-model", None, deep=False, mend="M")
    assert (missing.verdict, missing.mend) == (Verdict.FAILED, "ragcli models pull no/such-model")


def test_weights_that_changed_behind_their_stat_are_found_in_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "cache_folder", lambda: tmp_path / "cache")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"hidden_size": 8, "max_position_embeddings": 16}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "modules.json").write_text("[]")
    (folder / "model.safetensors").write_bytes(b"weights")
    assert installation.model(str(folder), None, deep=True, mend="").verdict is Verdict.OK
    monkeypatch.setattr(models, "file_sha256", lambda path: "0" * 64)  # what was remembered by the stat
    found = installation.model(str(folder), None, deep=True, mend="")
    assert found.verdict is Verdict.FAILED
    assert "without a trace" in found.detail


def test_the_pins_of_a_real_index_match_its_model(tmp_path: Path) -> None:
    with open_index(tmp_path / ".ragcli", Hashing(64), name="hashing:64", write=True) as index:
        assert installation.model("hashing:64", index.store.pins(), deep=False, mend="").verdict is Verdict.OK
