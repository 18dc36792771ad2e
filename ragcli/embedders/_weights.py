"""Reads a .safetensors file as mapped numpy arrays; every number in its header, and every shape, is checked."""

from __future__ import annotations

import json
import mmap
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragcli.errors import MissingError
from ragcli.record import record

if TYPE_CHECKING:
    from ragcli.protocols import Vectors

MAX_HEADER_BYTES: Final = 100_000_000
"""The limit of the safetensors library itself."""

MAX_LAYERS: Final = 200
WIDTH_BYTES: Final = {"F32": 4, "F16": 2, "BF16": 2}


def load(path: Path) -> dict[str, Vectors]:
    """The float tensors of a file by name, float32. F32 tensors are views of the map: nothing is copied or read.

    Raises MissingError where the header does not describe the file.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < 8:
            raise _damaged(path, "it is too short")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    (length,) = struct.unpack("<Q", mapped[:8])
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise _damaged(path, "its header is longer than the file")
    try:
        header = json.loads(mapped[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not an object")
    tensors: dict[str, Vectors] = {}
    for name, entry in header.items():
        if isinstance(entry, dict) and entry.get("dtype") in WIDTH_BYTES:
            tensors[name] = _tensor(path, mapped, 8 + length, entry)
    return tensors


@record
class Layout:
    """The numbers of a BERT encoder; `inner` is the width of its feed-forward layers."""

    dim: int
    heads: int
    layers: int
    inner: int
    epsilon: float


def load_bert(folder: Path, max_tokens: int) -> tuple[Layout, dict[str, Vectors]]:
    """The layout in config.json and the tensors it asks for, each of the right shape, without a "bert." prefix."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
        keys = ("hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size")
        dim, heads, layers, inner = sizes = [config[key] for key in keys]
        layout = Layout(dim, heads, layers, inner, float(config.get("layer_norm_eps", 1e-12)))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(folder / "config.json", "it does not describe a BERT encoder") from error
    if _naturals(sizes) is None or not 0 < layers <= MAX_LAYERS or not heads or dim % heads:
        raise _damaged(folder / "config.json", "its sizes make no sense")
    path = folder / "model.safetensors"
    tensors = {name.removeprefix("bert."): tensor for name, tensor in load(path).items()}
    for name, rows in {"word": 1, "position": max_tokens, "token_type": 1}.items():
        table = tensors.get(f"embeddings.{name}_embeddings.weight")
        if table is None or table.ndim != 2 or table.shape[1] != dim or len(table) < rows:
            raise _damaged(path, f"its {name} embeddings are not what config.json says")
    for name, shape in _shapes(layout).items():
        if name not in tensors or tensors[name].shape != shape:
            raise _damaged(path, f"it has no {name} of shape {shape}")
    return layout, tensors


def _shapes(layout: Layout) -> dict[str, tuple[int, ...]]:
    """The tensors of an encoder by name, but for its tables of embeddings."""
    dim, inner = layout.dim, layout.inner
    shapes: dict[str, tuple[int, ...]] = {}
    linear = {f"attention.self.{part}": (dim, dim) for part in ("query", "key", "value")}
    linear |= {"attention.output.dense": (dim, dim), "intermediate.dense": (inner, dim), "output.dense": (dim, inner)}
    norms = ["embeddings.LayerNorm"]
    for number in range(layout.layers):
        at = f"encoder.layer.{number}"
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        for name, (out, into) in linear.items():
            shapes |= {f"{at}.{name}.weight": (out, into), f"{at}.{name}.bias": (out,)}
    for name in norms:
        shapes |= {f"{name}.weight": (dim,), f"{name}.bias": (dim,)}
    return shapes


def _tensor(path: Path, mapped: mmap.mmap, base: int, entry: dict[str, Any]) -> Vectors:
    shape, offsets, dtype = _naturals(entry.get("shape")), _naturals(entry.get("data_offsets")), entry["dtype"]
    if shape is None or offsets is None or len(offsets) != 2:
        raise _damaged(path, "a tensor has no shape or place")
    start, end = offsets
    count = 1
    for side in shape:
        count *= side
    if not start <= end <= len(mapped) - base or end - start != count * WIDTH_BYTES[dtype]:
        raise _damaged(path, "a tensor lies outside the file")
    if not count:
        return np.zeros(shape, np.float32)
    if dtype == "F32":
        return np.frombuffer(mapped, "<f4", count, base + start).reshape(shape)
    if dtype == "F16":
        return np.frombuffer(mapped, "<f2", count, base + start).astype(np.float32).reshape(shape)
    halves = np.frombuffer(mapped, "<u2", count, base + start).astype(np.uint32) << 16
    return halves.view(np.float32).reshape(shape)


def _naturals(numbers: Any) -> list[int] | None:
    if isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers):
        return numbers
    return None


def _damaged(path: Path, reason: str) -> MissingError:
    return MissingError(f"cannot use the weights {path}: {reason}", "pull the model again, or name another folder")
