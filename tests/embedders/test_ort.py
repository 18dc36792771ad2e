from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ragcli.embedders import bert, ort
from tests.embedders import tiny

TEXTS = ["cat", "", "cats sat a b c", "dog " * 30, "a b", "c c c c"] * 4


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(tiny.write(tmp_path / "m"))


def test_padding_changes_no_vector(model: str) -> None:
    np.testing.assert_allclose(
        ort.create(model, threads=1).passages(TEXTS), bert.create(model).passages(TEXTS), atol=1e-5
    )


def test_the_graph_is_made_once(model: str, tmp_path: Path) -> None:
    ort.create(model, threads=1)
    [graph] = (tmp_path / "cache" / "onnx").rglob("*.onnx")
    made = graph.stat().st_mtime_ns
    ort.create(model, threads=1)
    assert graph.stat().st_mtime_ns == made
    assert not list((tmp_path / "cache").rglob("*.tmp"))


@pytest.mark.parametrize("victim", ["*.onnx", "*.sha256"])
def test_a_damaged_graph_is_made_again(model: str, tmp_path: Path, victim: str) -> None:
    before = ort.create(model, threads=1).passages(TEXTS)
    [path] = (tmp_path / "cache" / "onnx").rglob(victim)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    np.testing.assert_array_equal(ort.create(model, threads=1).passages(TEXTS), before)
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_stops_nothing(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RAGCLI_CACHE", str(tmp_path / "file"))
    assert ort.create(model, threads=1).passages(["cat"]).shape == (1, 8)


def test_batches_hold_every_row_once_and_pad_little() -> None:
    lengths = [3, 100, 99, 98, 5, 3, 3, 95, 50, 97, 96, 94, 93, 92]
    batches = list(ort._batches(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        sizes = [lengths[row] for row in batch]
        assert len(batch) <= ort.BATCH_TEXTS
        assert min(sizes) >= 0.9 * max(sizes)


def test_torch_is_not_imported_for_it(model: str) -> None:
    code = (
        f"import sys; from ragcli.embedders import ort; ort.create({model!r}).query('x'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
