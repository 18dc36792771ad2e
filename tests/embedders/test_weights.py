from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.embedders import _weights
from ragcli.errors import MissingError
from tests.embedders import tiny


def test_tensors_are_read_as_written_in_every_float_type(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    full = np.arange(-3, 3, dtype=np.float32).reshape(2, 3)
    brain = (full.view(np.uint32) >> 16).astype(np.uint16)
    path.write_bytes(tiny.safetensors({"f32": full, "f16": full.astype(np.float16), "bf16": brain}))
    loaded = _weights.load(path)
    assert sorted(loaded) == ["bf16", "f16", "f32"]
    for tensor in loaded.values():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, full)


def test_a_full_tensor_is_a_view_of_the_map(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(tiny.safetensors({"a": np.ones(4, np.float32)}))
    assert not _weights.load(path)["a"].flags.owndata


HEADERS = [
    {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 17]}},
    {"a": {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]}},
    {"a": {"dtype": "F32", "shape": [4], "data_offsets": [-16, 0]}},
    {"a": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}},
    {"a": {"dtype": "F32", "shape": [2**70], "data_offsets": [0, 2**72]}},
    {"a": {"dtype": "F32", "shape": "4", "data_offsets": [0, 16]}},
    {"a": {"dtype": "F32", "shape": [4], "data_offsets": [0]}},
    {"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}},
    {"a": {"dtype": "F32"}},
    [1],
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_does_not_describe_the_file_is_refused(tmp_path: Path, header: object) -> None:
    text = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(MissingError, match="cannot use the weights"):
        _weights.load(path)


@pytest.mark.parametrize("raw", [b"", b"123", struct.pack("<Q", 2**63), struct.pack("<Q", 9) + b"{}", bytes(8) + b"x"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)
    with pytest.raises(MissingError):
        _weights.load(path)


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_flipped_byte_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    whole = bytearray(tiny.safetensors(dict(list(tiny.tensors().items())[:6])))
    whole[position] = byte
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    path.write_bytes(whole)
    try:
        loaded = _weights.load(path)
    except MissingError:
        return
    assert all(tensor.dtype == np.float32 for tensor in loaded.values())


@pytest.mark.parametrize(
    "config",
    [
        {"num_hidden_layers": 3},
        {"num_hidden_layers": 10**9},
        {"num_attention_heads": 0},
        {"num_attention_heads": 3},
        {"hidden_size": 16},
        {"hidden_size": "8"},
        {"intermediate_size": None},
        {"layer_norm_eps": []},
    ],
)
def test_a_config_that_does_not_fit_the_weights_is_refused(tmp_path: Path, config: dict[str, object]) -> None:
    folder = tiny.write(tmp_path / "m", **config)
    with pytest.raises(MissingError, match="cannot use"):
        _weights.load_bert(folder, 10)


def test_more_tokens_than_positions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="position"):
        _weights.load_bert(tiny.write(tmp_path / "m"), 13)
