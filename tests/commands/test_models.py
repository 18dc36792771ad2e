from __future__ import annotations

import json
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


def test_fit_prints_what_each_quantisation_takes(run: Run) -> None:
    lines = run("models", "fit", "command-r-08-2024", "--memory", "24G").out.splitlines()
    assert lines[0] == "command-r-08-2024: 32.3 billion parameters, 131,072 tokens of context"
    assert lines[1].endswith("   25.8 GB free")
    assert [line.split("   ")[1].strip() for line in lines[2:5]] == ["64.6 GB", "34.4 GB", "19.8 GB"]
    assert [line.endswith("does not fit") for line in lines[2:5]] == [True, True, False]


def test_fit_gives_bytes_in_json(run: Run) -> None:
    value = run("models", "fit", "CohereLabs/c4ai-command-r-plus", "--memory", "100G", "--json").value
    assert value["free_bytes"] == 100 << 30
    assert [quant["most_tokens"] > 0 for quant in value["quants"]] == [False, False, True]
    assert value["quants"][0]["weights_bytes"] == 207_621_349_376


def test_fit_reads_the_config_of_a_folder_and_needs_no_weights(run: Run, tmp_path: Path) -> None:
    config = {"model_type": "cohere2", "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 8}
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text(json.dumps({**config, "intermediate_size": 128, "vocab_size": 256}))
    value = run("models", "fit", str(tmp_path / "m"), "--json").value
    assert value["parameters"] == 4 * (4 * 64 * 64 + 3 * 64 * 128 + 64) + 256 * 64 + 64
    assert value["runs"] is False
    assert "another prompt format" in run("models", "fit", str(tmp_path / "m")).out


def test_fit_says_what_it_does_not_know(run: Run, tmp_path: Path) -> None:
    done = run("models", "fit", "no/such", "--json")
    assert (done.code, done.value["error"]["hint"]) == (4, "ragcli models pull no/such")
    assert run("models", "fit", "command-r-plus", "--memory", "much").code == 2
