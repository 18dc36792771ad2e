"""Reads a .safetensors file as mapped numpy arrays; every number in its header is checked before use."""

from __future__ import annotations

import json
import mmap
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.protocols import Vectors

MAX_HEADER_BYTES: Final = 100_000_000
"""The limit of the safetensors library itself."""

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


def _tensor(path: Path, mapped: mmap.mmap, base: int, entry: dict[str, Any]) -> Vectors:
    shape, offsets, dtype = entry.get("shape"), entry.get("data_offsets"), entry["dtype"]
    if not (_naturals(shape) and _naturals(offsets) and len(offsets) == 2):
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


def _naturals(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(number) is int and number >= 0 for number in numbers)


def _damaged(path: Path, reason: str) -> MissingError:
    return MissingError(f"cannot use the weights {path}: {reason}", "pull the model again, or name another folder")
