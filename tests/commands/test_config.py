from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from .conftest import Run


@pytest.fixture
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "ragcli").mkdir(parents=True)
    return tmp_path / "home" / "ragcli"


def test_show_prints_a_configuration_file_that_says_the_same(folder: Path, home: Path, run: Run) -> None:
    (folder / "ragcli.toml").write_text('k = 7\ncitation_mode = "fast"', "utf-8")
    (home / "config.toml").write_text('runtime = "scripted:\\u00e9\\"x"\nlog = false', "utf-8")
    shown = tomllib.loads(run("config", "show").out)
    assert shown.pop("index") == str(folder / ".ragcli")
    expected = {"embedder": "hashing:64", "runtime": 'scripted:é"x', "k": 7, "citation_mode": "fast"}
    assert shown == expected | {"color": "auto", "log": False}


def test_origin_names_the_variable_and_the_file(folder: Path, home: Path, run: Run) -> None:
    (folder / "ragcli.toml").write_text("k = 7", "utf-8")
    lines = dict(line.split(" ", 1) for line in run("config", "--origin", "--color", "never").out.splitlines())
    assert lines["embedder"].endswith("# environment RAGCLI_EMBEDDER")
    assert lines["k"].endswith(f"# project {folder / 'ragcli.toml'}")
    assert lines["color"].endswith("# flag")
    assert lines["log"].endswith("# default")
    assert lines["index"].endswith("# new")


def test_json_holds_values_with_their_origins(folder: Path, home: Path, run: Run) -> None:
    (home / "config.toml").write_text("k = 7", "utf-8")
    value = run("config", "show", "--json", "--index", "x").value["settings"]
    assert value["k"] == {"value": 7, "origin": "user", "where": str(home / "config.toml")}
    assert value["index"] == {"value": "x", "origin": "flag", "where": None}
    assert value["log"] == {"value": True, "origin": "default", "where": None}


def test_path_finds_the_files_even_where_one_is_broken(folder: Path, home: Path, run: Run) -> None:
    (folder / "ragcli.toml").write_text("k = ", "utf-8")
    done = run("config", "path")
    assert done.out.splitlines() == [
        f"project  {folder / 'ragcli.toml'}",
        f"user     {home / 'config.toml'}  (not there)",
    ]
    files = run("config", "path", "--json").value["files"]
    assert [(file["kind"], file["exists"]) for file in files] == [("project", True), ("user", False)]


def test_a_wrong_key_stops_every_verb_with_one_line(folder: Path, run: Run) -> None:
    (folder / "ragcli.toml").write_text("kk = 3", "utf-8")
    for verb in (("ls",), ("config", "show")):
        done = run(*verb)
        assert done.code == 2
        assert done.err.startswith(f"ragcli: {folder / 'ragcli.toml'}: unknown key 'kk'\n  hint: keys: index")


def test_a_projects_setting_holds_for_a_verb(notes: Path, run: Run) -> None:
    (notes / "ragcli.toml").write_text('k = 1\ncitation_mode = "fast"', "utf-8")
    value = run("ask", "How tall are emperor penguins?", "--json").value
    assert (len(value["documents"]), value["model"]["citation_mode"]) == (1, "fast")
