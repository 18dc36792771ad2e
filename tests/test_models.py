from __future__ import annotations

import json
import os
import shutil
import sys
import types
from pathlib import Path

import pytest

from ragcli import models
from ragcli.errors import MissingError
from tests.embedders import tiny

COMMIT = "a" * 40
OTHER = "b" * 40


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache and an empty cache folder."""
    for variable in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "cache"))
    return tmp_path / ".cache" / "huggingface" / "hub"


def put(hub: Path, name: str, commit: str, *, main: bool = True) -> Path:
    home = hub / f"models--{name.replace('/', '--')}"
    folder = tiny.write(home / "snapshots" / commit)
    if main:
        (home / "refs").mkdir()
        (home / "refs" / "main").write_text(commit)
    return folder


def test_a_folder_the_user_names_is_taken(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    found = models.find(str(folder))
    assert found.path == folder
    assert found.sha256 == models.file_sha256(folder / "model.safetensors")


def test_the_hub_cache_is_read_at_main(hub: Path) -> None:
    put(hub, "org/name", OTHER, main=False)
    folder = put(hub, "org/name2", COMMIT)
    found = models.find("org/name2")
    assert (found.path, found.revision, found.name) == (folder, COMMIT, "org/name2")
    assert models.find("org/name").revision == OTHER


@pytest.mark.parametrize(
    ("variable", "inside"), [("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")]
)
def test_the_hub_cache_is_where_the_variables_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, inside: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "else"))
    put(tmp_path / "else" / inside, "org/name", COMMIT)
    assert models.find("org/name").revision == COMMIT


def test_a_bare_name_is_one_of_sentence_transformers(hub: Path) -> None:
    put(hub, "sentence-transformers/name", COMMIT)
    assert models.find("name").name == "sentence-transformers/name"


def test_the_hub_cache_comes_before_the_carrier(hub: Path) -> None:
    assert models.find("").sha256 == models.CARRIER_SHA256["model.safetensors"]
    put(hub, models.DEFAULT_MODEL, COMMIT)
    assert models.find("").revision == COMMIT


def test_the_carrier_is_located_and_not_imported() -> None:
    assert models.find(models.DEFAULT_MODEL).path.is_dir()
    assert models.CARRIER not in sys.modules


def test_a_carrier_with_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = models.find("").path
    fake = tmp_path / "site" / "other_carrier"
    shutil.copytree(real, fake / "model", ignore=shutil.ignore_patterns("model.safetensors"))
    (fake / "__init__.py").write_text("raise SystemExit('imported')")
    (fake / "model" / "model.safetensors").write_bytes(tiny.safetensors(tiny.tensors()))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(models, "CARRIER", "other_carrier")
    with pytest.raises(MissingError, match=r"model\.safetensors.*SHA-256"):
        models.find("")


def test_without_the_carrier_the_error_names_the_pull(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "CARRIER", "no_such_carrier")
    with pytest.raises(MissingError) as caught:
        models.find("")
    assert caught.value.hint == f"ragcli models pull {models.DEFAULT_MODEL}"
    assert caught.value.exit_code == 4


def test_a_folder_with_the_defaults_name_does_not_replace_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.write(tmp_path / models.DEFAULT_MODEL)
    monkeypatch.chdir(tmp_path)
    assert models.find("").sha256 == models.CARRIER_SHA256["model.safetensors"]


@pytest.mark.parametrize("name", ["../../etc", "org/../x", "a/b/c", "-x", "org/na\nme", "x\0y"])
def test_a_name_that_is_none_is_missing(name: str) -> None:
    with pytest.raises(MissingError):
        models.find(name)


def test_a_reference_that_is_no_commit_leads_nowhere(hub: Path) -> None:
    home = hub / "models--org--name"
    tiny.write(home / "evil")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("../evil")
    with pytest.raises(MissingError):
        models.find("org/name")


def test_pickled_weights_are_refused_naming_safetensors(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(MissingError, match="safetensors"):
        models.find(str(folder))


def test_a_foreign_class_among_the_modules_is_refused(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "modules.json").write_text(json.dumps([{"type": "os.system", "path": ""}]))
    with pytest.raises(MissingError, match="foreign code"):
        models.kind(models.find(str(folder)))


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({}, "bert"),
        ({"model_type": "roberta"}, "sentence"),
        ({"hidden_act": "relu"}, "sentence"),
        ({"position_embedding_type": "relative_key"}, "sentence"),
        ({"is_decoder": True}, "sentence"),
    ],
)
def test_kind_is_bert_for_what_the_forward_pass_computes(tmp_path: Path, config: dict[str, object], kind: str) -> None:
    assert models.kind(models.find(str(tiny.write(tmp_path / "m", **config)))) == kind


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [
        ({"pooling_mode": "mean"}, "bert"),
        ({"pooling_mode": "cls"}, "sentence"),
        ({"pooling_mode": ["mean", "max"]}, "sentence"),
        ({"pooling_mode": [1, {}]}, "sentence"),
        ({"pooling_mode": "mean", "include_prompt": False}, "sentence"),
        ({"pooling_mode_cls_token": True}, "sentence"),
        ([], "sentence"),
    ],
)
def test_kind_is_bert_for_mean_pooling_alone(tmp_path: Path, pooling: object, kind: str) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    assert models.kind(models.find(str(folder))) == kind


@pytest.mark.parametrize("config", [{"hidden_size": -1}, {"hidden_size": "x"}, {"max_position_embeddings": {}}])
def test_settings_without_sense_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    with pytest.raises(MissingError, match="no sense"):
        models.fingerprint(models.find(str(tiny.write(tmp_path / "m", **config))))


def test_the_fingerprint_changes_with_what_changes_vectors(tmp_path: Path) -> None:
    names = set()
    for number, file in enumerate(["", "sentence_bert_config.json", "1_Pooling/config.json", "weights", "prompts"]):
        folder = tiny.write(tmp_path / str(number))
        if file == "weights":
            (folder / "model.safetensors").write_bytes(tiny.safetensors(tiny.tensors(1)))
        elif file == "prompts":
            prompts = {"prompts": {"query": "query: "}}
            (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
        elif file:
            (folder / file).unlink()
        names.add(models.fingerprint(models.find(str(folder))))
    assert len(names) == 5


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    first = models.file_sha256(path)
    models._hash_of.cache_clear()
    known = json.loads((tmp_path / "cache" / "hashes.json").read_text())
    assert known[str(path)][-1] == first
    known[str(path)][-1] = "f" * 64
    (tmp_path / "cache" / "hashes.json").write_text(json.dumps(known))
    assert models.file_sha256(path) == "f" * 64
    path.write_bytes(b"two")
    assert models.file_sha256(path) not in (first, "f" * 64)
    (tmp_path / "cache" / "hashes.json").write_text("[damaged")
    models._hash_of.cache_clear()
    path.write_bytes(b"one")
    assert models.file_sha256(path) == first


def test_a_cache_that_cannot_be_written_stops_no_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "file"))
    assert len(models.file_sha256(tmp_path / "file")) == 64


def test_choose_takes_numpy_for_a_query_and_onnxruntime_for_bulk(tmp_path: Path) -> None:
    folder = str(tiny.write(tmp_path / "m"))
    assert models.choose(folder, bulk=False, device="cpu") == f"bert:{folder}"
    assert models.choose(folder, bulk=True, device="cpu") == f"ort:{folder}"
    assert models.choose(folder, bulk=True, device="cuda") == f"sentence:{folder}"
    assert models.choose(folder, bulk=False, device="cuda") == f"bert:{folder}"


def test_choose_takes_the_library_for_any_other_model(tmp_path: Path) -> None:
    folder = str(tiny.write(tmp_path / "m", model_type="roberta"))
    assert models.choose(folder, bulk=False) == f"sentence:{folder}"


@pytest.mark.parametrize("spec", ["hashing:64", "hashing", "bert:/somewhere", "ort:", "sentence:x"])
def test_choose_passes_on_what_names_a_backend(spec: str) -> None:
    assert models.choose(spec, bulk=True) == spec


def fake_hub(monkeypatch: pytest.MonkeyPatch, download: object) -> None:
    """A hub package of two names in place of the real one, which would use the network."""
    hub = types.ModuleType("huggingface_hub")
    errors = types.SimpleNamespace(HTTPError=LookupError)
    hub.snapshot_download, hub.errors = download, errors  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)


def test_pull_asks_for_the_pinned_commit_and_safe_files_and_records_them(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, list[str]]] = []

    def download(name: str, *, revision: str, allow_patterns: list[str], cache_dir: Path) -> str:
        asked.append((name, revision, allow_patterns))
        return str(put(cache_dir, name, revision, main=False))

    fake_hub(monkeypatch, download)
    lines: list[str] = []
    pulled = models.pull("all-MiniLM-L6-v2", on_progress=lines.append)
    [(name, revision, patterns)] = asked
    assert (name, revision) == (models.DEFAULT_MODEL, models.DEFAULT_REVISION)
    assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in patterns)
    assert models.find("") == pulled
    assert lines == [f"{models.DEFAULT_MODEL} at {models.DEFAULT_REVISION}"]
    (pulled.path / "tokenizer.json").write_text("{}")
    with pytest.raises(MissingError, match=r"tokenizer\.json .* is not what was pulled"):
        models.find("")


def test_pull_takes_a_model_of_many_files_and_records_its_commit(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(name: str, *, cache_dir: Path, **_: object) -> str:
        folder = put(cache_dir, name, "c" * 40, main=False)
        (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
        (folder / models.SHARDS).write_text('{"weight_map": {"a": "model-00001-of-00001.safetensors"}}')
        return str(folder)

    fake_hub(monkeypatch, download)
    pulled = models.pull("owner/large")
    assert (pulled.revision, pulled.sha256) == ("c" * 40, "")
    assert models.snapshots("owner/large") == [pulled.path]


@pytest.mark.parametrize("error", [OSError("offline\nsecond line"), LookupError("404"), ValueError("bad name")])
def test_a_failed_pull_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def download(*_: object, **__: object) -> str:
        raise error

    fake_hub(monkeypatch, download)
    with pytest.raises(MissingError, match="cannot pull org/name") as caught:
        models.pull("org/name")
    assert "\n" not in caught.value.message


def test_pull_without_the_hub_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingError) as caught:
        models.pull("org/name")
    assert caught.value.hint == "pip install 'ragcli[hub]'"


def test_the_real_hub_package_has_the_names_that_pull_uses() -> None:
    import huggingface_hub

    assert callable(huggingface_hub.snapshot_download)
    assert issubclass(huggingface_hub.errors.HfHubHTTPError, huggingface_hub.errors.HTTPError)  # type: ignore[attr-defined]


def test_the_cache_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert models.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("RAGCLI_CACHE")
    assert models.cache_folder().name == "ragcli"
    assert os.path.isabs(models.cache_folder())
