from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragcli import checkpoints
from ragcli.errors import MissingError, RagcliError, UsageError
from ragcli.fit import KNOWN

CONFIG = {"model_type": "cohere", "hidden_size": 8, "rope_theta": 8e6}
COMMITS = ("a" * 40, "b" * 40)


def write(folder: Path, *names: str, **config: Any) -> Path:
    """A model's folder with a config.json and empty files of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}), "utf-8")
    for name in names or ("tokenizer.json", "model.safetensors"):
        (folder / name).touch()
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The local hub cache with two snapshots of one model."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "own"))
    for commit in COMMITS:
        write(tmp_path / "models--owner--model" / "snapshots" / commit)
    refs = tmp_path / "models--owner--model" / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMITS[1], "ascii")
    return tmp_path


def failure(folder: Path | str) -> tuple[type[RagcliError], str]:
    with pytest.raises(RagcliError) as caught:
        checkpoints.find(str(folder))
    assert "\n" not in caught.value.message
    return type(caught.value), caught.value.message


def test_a_whole_folder_is_found_by_its_path(tmp_path: Path) -> None:
    found = checkpoints.find(str(write(tmp_path / "m")))
    assert (found.path, found.revision, found.licence) == (tmp_path / "m", "", "")


def test_the_hub_cache_is_read_at_main_or_at_the_commit_that_is_named(hub: Path) -> None:
    assert checkpoints.find("owner/model").revision == COMMITS[1]
    assert checkpoints.find(f"owner/model@{COMMITS[0]}").revision == COMMITS[0]


def test_what_is_not_here_names_the_command_that_fetches_it(hub: Path) -> None:
    for name in ("owner/other", f"owner/model@{'c' * 40}"):
        with pytest.raises(MissingError) as caught:
            checkpoints.find(name)
        assert caught.value.hint == f"ragcli models pull {name.partition('@')[0]}"
    with pytest.raises(MissingError) as caught:
        checkpoints.find("../models--owner--model")
    assert caught.value.hint == "name its folder, or OWNER/NAME"


def test_no_name_is_a_wrong_flag() -> None:
    assert failure("")[0] is UsageError


@pytest.mark.parametrize("family", ["cohere2", "cohere2_moe", "cohere2_vision", "cohere_compass"])
def test_newer_families_have_another_format_and_are_told_so(tmp_path: Path, family: str) -> None:
    kind, message = failure(write(tmp_path / "m", model_type=family))
    assert kind is UsageError
    assert family in message
    assert "another format" in message


@pytest.mark.parametrize("family", ["llama", None, 7, ["cohere"], "\x1b[31m"])
def test_other_families_are_refused(tmp_path: Path, family: object) -> None:
    assert failure(write(tmp_path / "m", model_type=family))[0] is UsageError


def test_a_model_that_brings_code_is_refused(tmp_path: Path) -> None:
    assert "code of its own" in failure(write(tmp_path / "m", auto_map={"AutoModel": "x.py"}))[1]


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    assert "pickled" in failure(write(tmp_path / "m", "tokenizer.json", "pytorch_model.bin"))[1]


@pytest.mark.parametrize(
    ("names", "told"), [(("tokenizer.json",), "no weights"), (("model.safetensors",), "no tokenizer.json")]
)
def test_missing_files_are_named(tmp_path: Path, names: tuple[str, ...], told: str) -> None:
    kind, message = failure(write(tmp_path / "m", *names))
    assert kind is MissingError
    assert told in message


@pytest.mark.parametrize(
    ("shards", "told"),
    [
        ({"a": "x-1.safetensors", "b": "x-2.safetensors"}, "lacks 1 of its 2 weight files: x-2"),
        ({"a": "../x-1.safetensors"}, "lacks 1 of its 1"),
        ({"a": ""}, "lacks 1"),
        ({}, "names none"),
        (None, "names none"),
    ],
    ids=str,
)
def test_every_shard_must_be_there_in_the_folder_itself(tmp_path: Path, shards: object, told: str) -> None:
    folder = write(tmp_path / "m", "tokenizer.json", "x-1.safetensors")
    (tmp_path / "x-1.safetensors").touch()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}), "utf-8")
    assert told in failure(folder)[1]


def test_a_model_of_whole_shards_is_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", "tokenizer.json", "x-1.safetensors")
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "x-1.safetensors"}}', "utf-8")
    assert checkpoints.find(str(folder)).path == folder


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_a_damaged_config_is_named(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "m")
    (folder / "config.json").write_bytes(content)
    kind, message = failure(folder)
    assert kind is MissingError
    assert "config.json" in message


def test_a_folder_without_config_is_no_model(tmp_path: Path) -> None:
    assert "no config.json" in failure(tmp_path)[1]


def test_only_arithmetic_reaches_the_library(tmp_path: Path) -> None:
    packed = {"quant_method": "bitsandbytes", "load_in_4bit": True, "_load_hook": "x"}
    found = checkpoints.find(
        str(write(tmp_path / "m", _attn_implementation="x/y", name_or_path="z", quantization_config=packed))
    )
    assert checkpoints.arithmetic(found) == {
        "hidden_size": 8,
        "rope_theta": 8e6,
        "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    }


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: en\nlicense: Apache-2.0\n---\n", "apache-2.0"),
        ("---\nlicense: 'cc-by-nc-4.0'\n---\n", "cc-by-nc-4.0"),
        ("# Title\nlicense: mit\n", ""),
        ("", ""),
    ],
)
def test_the_licence_is_that_of_the_card(tmp_path: Path, card: str, licence: str) -> None:
    folder = write(tmp_path / "m")
    (folder / "README.md").write_text(card, "utf-8")
    assert checkpoints.find(str(folder)).licence == licence


def test_a_model_of_a_released_shape_has_the_licence_of_the_release(tmp_path: Path) -> None:
    folder = write(tmp_path / "m", **KNOWN["c4ai-command-r-08-2024"])
    assert checkpoints.find(str(folder)).licence == "cc-by-nc-4.0"
