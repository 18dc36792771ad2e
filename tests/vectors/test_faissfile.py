"""A part is a FAISS index file: FAISS finds in it what we find, and no bytes make ours crash."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss as library
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.vectors import _faissfile, faiss
from tests.vectors.test_faiss import DIM, unit

if TYPE_CHECKING:
    from ragcli.protocols import Arrays

HEAD = 118


def part(count: int = 40, dim: int = DIM) -> Arrays:
    rows = unit(count)[:, :dim]
    return faiss.encode(np.arange(count, dtype=np.int64) * 7 + 3, rows / np.linalg.norm(rows, axis=1, keepdims=True))


def written(made: Arrays) -> bytes:
    return b"".join(_faissfile.pieces(made))


def same(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(rows, other[name]) for name, rows in one.items())


RAW = written(part())


@pytest.mark.parametrize(("count", "dim"), [(40, DIM), (1, 64), (3, 1), (2, 65), (0, 8)])
def test_what_was_written_is_read_in_place(count: int, dim: int) -> None:
    raw = written(part(count, dim))
    found = _faissfile.arrays(raw)
    assert same(found, part(count, dim))
    assert not any(rows.flags.writeable or rows.flags.owndata for rows in found.values())
    assert len(raw) % 8 == 0
    assert raw.endswith(found["signs"].tobytes())
    faiss.check(found, dim)
    _faissfile.verify(raw, found)


def test_faiss_writes_the_same_bytes_of_the_same_vectors() -> None:
    index = library.IndexIDMap2(
        library.IndexScalarQuantizer(DIM, library.ScalarQuantizer.QT_fp16, library.METRIC_INNER_PRODUCT)
    )
    index.add_with_ids(unit(40), np.arange(40, dtype=np.int64) * 7 + 3)
    theirs = library.serialize_index(index).tobytes()
    assert RAW[: len(theirs)] == theirs
    assert len(RAW) == len(theirs) + -len(theirs) % 8 + 8 * 2 * 40


@pytest.mark.parametrize("changed", ["as encoded", "without", "joined"])
def test_faiss_finds_what_we_find(tmp_path: Path, changed: str) -> None:
    made = part(300)
    if changed == "without":
        made = faiss.without(made, made["ids"][::3])
    elif changed == "joined":
        gone = made["ids"][:150], made["ids"][150:]
        made = faiss.joined([faiss.without(made, gone[1]), faiss.without(made, gone[0])])
    path = tmp_path / "vectors.faiss"
    path.write_bytes(written(made))
    theirs = library.read_index(str(path))
    vectors = dict(zip(part(300)["ids"].tolist(), unit(300), strict=True))
    mine = faiss.create(
        dim=DIM,
        parts=[_faissfile.arrays(path.read_bytes())],
        exact=lambda ids: (ids, np.array([vectors[int(id)] for id in ids])),
    )
    assert theirs.ntotal == len(mine)
    for query in unit(20, seed=5):
        scores, ids = theirs.search(query[None], 10)
        found = mine.search(query, 10)
        assert sorted(id for id, _ in found) == sorted(ids[0].tolist())
        assert [score for _, score in found] == pytest.approx(scores[0].tolist(), abs=1e-3)


def test_another_kind_of_index_is_refused() -> None:
    for other in (
        library.IndexFlatIP(DIM),
        library.IndexIDMap2(library.IndexFlatIP(DIM)),
        library.IndexIDMap(library.IndexScalarQuantizer(DIM, library.ScalarQuantizer.QT_fp16, 0)),
        library.IndexIDMap2(library.IndexScalarQuantizer(DIM, library.ScalarQuantizer.QT_8bit_direct, 0)),
        library.IndexIDMap2(library.IndexScalarQuantizer(DIM, library.ScalarQuantizer.QT_fp16, library.METRIC_L2)),
    ):
        with pytest.raises(ValueError, match="its head is not"):
            _faissfile.arrays(library.serialize_index(other).tobytes() + bytes(256))


@given(at=st.integers(0, HEAD - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_head_is_refused_or_says_nothing(at: int, bit: int) -> None:
    raw = bytearray(RAW)
    raw[at] ^= 1 << bit
    check(bytes(raw))


@given(size=st.integers(0, len(RAW) + 64))
def test_a_file_of_another_length_is_refused(size: int) -> None:
    check((RAW + bytes(64))[:size])


@given(
    dim=st.integers(-(1 << 31), (1 << 31) - 1),
    rows=st.integers(-(1 << 63), (1 << 63) - 1),
    rest=st.binary(max_size=200),
)
def test_a_head_that_agrees_with_itself_and_not_with_the_file_is_refused(dim: int, rows: int, rest: bytes) -> None:
    wrapped = 2 * dim * rows % (1 << 64)
    index = dim, rows, 1 << 20, 1 << 20, 1, 0
    sizes = 4, 0, dim % (1 << 64), 2 * dim % (1 << 64), 0, wrapped
    raw = struct.pack("<4siqqqBi4siqqqBiiqQQQQ", b"IxM2", *index, b"IxSQ", *index, *sizes) + rest
    assert len(raw) == HEAD + len(rest)
    check(raw)


def check(raw: bytes) -> None:
    """ValueError, or the arrays of the sound file, or none."""
    found: Any = None
    try:
        found = _faissfile.arrays(raw)
    except ValueError:
        return
    assert same(found, part()) or not len(found["ids"])


def test_the_count_of_ids_must_agree() -> None:
    at = HEAD + 2 * DIM * 40
    assert RAW[at] == 40
    with pytest.raises(ValueError, match="lengths"):
        _faissfile.arrays(RAW[:at] + b"\x29" + RAW[at + 1 :])


@pytest.mark.parametrize("size", [4, 60, HEAD, 1000])
def test_what_faiss_does_not_open_is_told(size: int) -> None:
    with pytest.raises(ValueError, match="FAISS does not open it"):
        _faissfile.verify(RAW[:size], part())


def test_other_ids_in_faiss_are_told() -> None:
    made = part()
    for ids in (made["ids"][:-1], made["ids"][::-1]):
        with pytest.raises(ValueError, match="other ids"):
            _faissfile.verify(RAW, {**made, "ids": ids})
    other = library.serialize_index(library.IndexFlatIP(DIM)).tobytes()
    with pytest.raises(ValueError, match="other ids"):
        _faissfile.verify(other, made)
