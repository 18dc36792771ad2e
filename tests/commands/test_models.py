from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragcli import models

from .conftest import Run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_list_names_the_default_model_and_where_it_is(run: Run) -> None:
    value = run("models", "list", "--json").value
    assert value["models"][0]["name"] == models.DEFAULT_MODEL
    path = value["models"][0]["path"]
    assert path is None or os.path.isdir(path)


def test_list_names_pulled_models_that_are_gone(run: Run, cache: Path) -> None:
    (cache / "models.json").write_text('{"some/model": {"revision": "abc", "files": {}}}')
    assert {"name": "some/model", "path": None} in run("models", "list", "--json").value["models"]
    assert "some/model  not on this machine\n" in run("models", "list").out


def test_list_survives_a_damaged_record(run: Run, cache: Path) -> None:
    (cache / "models.json").write_text("[1, 2")
    assert len(run("models", "list", "--json").value["models"]) == 1


def test_pull_refuses_what_is_no_name_before_any_network(run: Run) -> None:
    done = run("models", "pull", "../../etc", "--json")
    assert (done.code, done.value["error"]["code"]) == (4, "missing")
