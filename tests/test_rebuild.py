"""Search indexes from SQLite alone; another model, with the old answers until all is there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragcli.embedders.hashing import Hashing
from ragcli.errors import Busy, DamagedIndex, MissingError, UnreadableFile
from ragcli.failpoints import REBUILD_POINTS
from ragcli.index import open_index
from ragcli.rebuild import rebuild
from ragcli.scratch import NAME
from ragcli.types import File, FileState, Parsed, Stat
from tests.library import PARAGRAPHS, cache_file, opened

ROOT = Path(__file__).parents[1]
KILLED = -9
TEXTS = {
    "a.md": Parsed(PARAGRAPHS[0], title="The keeper"),
    "b.md": Parsed(PARAGRAPHS[1]),
    "c.txt": Parsed(" ".join(PARAGRAPHS) * 12, title="A long one", metadata=(("year", "1893"),)),
}

SCRIPT = """
import sys
from pathlib import Path
import ragcli.rebuild
from ragcli.embedders.hashing import Hashing
ragcli.rebuild.KEPT = 1
embedder = Hashing(32)
ragcli.rebuild.rebuild(Path(sys.argv[1]) / ".ragcli", embedder, name="hashing:32")
print(embedder.encoded)
"""


def fill(folder: Path, embedder: Hashing | None = None, name: str = "hashing:64") -> Path:
    """An index of TEXTS; returns its folder."""
    with open_index(folder / ".ragcli", embedder or Hashing(64), name=name, write=True) as index:
        for uri, parsed in TEXTS.items():
            sha256 = hashlib.sha256(parsed.text.encode()).hexdigest()
            index.put(File(uri, Stat(1, 2, 3, 4), sha256), parsed, state=FileState.ADDED)
        index.publish()
    return folder / ".ragcli"


def found(folder: Path, embedder: Hashing) -> list[tuple[str, float]]:
    """What a question finds by meaning and by words: (ref, score), ids aside."""
    with open_index(folder, embedder) as index:
        near = [(hit.snippet_id, hit.score) for hit in index.dense("the storm broke the lantern", 5)]
        pairs = near + index.lexical("barrel of paraffin", 5)
        refs = {snippet.id: snippet.ref for snippet in index.store.snippets([id for id, _ in pairs])}
        return [(refs[id], round(score, 5)) for id, score in pairs]


def test_terms_and_cache_come_back_without_embedder_and_files(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    before = found(folder, Hashing(64))
    with opened(tmp_path) as index, index.store.transaction():
        index.store.connection.execute("delete from terms where id = 1")
    cache_file(tmp_path).write_bytes(b"damaged")
    made = rebuild(folder)
    assert (made.counts.documents, made.embedded, made.embedder) == (3, 0, "hashing:64")
    notices: list[str] = []
    with opened(tmp_path, write=False, notice=notices.append) as index:
        assert len(index.vectors) == made.counts.windows
    assert notices == []
    assert found(folder, Hashing(64)) == before


def test_another_model_gives_what_an_ingest_with_it_would(tmp_path: Path) -> None:
    folder, fresh = fill(tmp_path / "old"), fill(tmp_path / "new", Hashing(32), "hashing:32")
    made = rebuild(folder, Hashing(32), name="hashing:32")
    assert found(folder, Hashing(32)) == found(fresh, Hashing(32))
    assert (made.embedded, made.counts.windows) == (6, 10)  # four windows repeat others
    assert not (folder / NAME).exists()
    with open_index(folder, Hashing(32)) as one, open_index(fresh, Hashing(32)) as other:
        assert one.store.pins() == other.store.pins()
        mine, fresh_ones = (sorted(v for _, v in s.vectors(s.window_ids())) for s in (one.store, other.store))
        assert mine == fresh_ones
    with pytest.raises(DamagedIndex, match="hashing:32"), opened(tmp_path / "old", write=False):
        pass


def test_the_same_model_embeds_only_what_is_damaged(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    before = found(folder, Hashing(64))
    with opened(tmp_path) as index:
        index.store.connection.execute("update window set vector = zeroblob(256) where id = 2")
    embedder = Hashing(64)
    with pytest.raises(DamagedIndex, match="window 2"):
        rebuild(folder)
    made = rebuild(folder, embedder, name="hashing:64")
    assert (made.embedded, made.reused, embedder.encoded) == (1, 9, 1)
    assert found(folder, Hashing(64)) == before


def test_a_reader_keeps_its_answers_while_the_model_changes(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    with open_index(folder, Hashing(64)) as index:
        before = index.dense("the storm", 3), index.lexical("barrel", 3)
        rebuild(folder, Hashing(32), name="hashing:32")
        assert (index.dense("the storm", 3), index.lexical("barrel", 3)) == before


def test_rules_of_an_older_version_are_brought_up_to_date(tmp_path: Path) -> None:
    folder = fill(tmp_path)
    with opened(tmp_path) as index:
        pins = index.store.meta("pins") or ""
        index.store.set_meta("pins", pins.replace('"analysis":2', '"analysis":0'))
    with pytest.raises(DamagedIndex, match="other rules"), opened(tmp_path):
        pass
    rebuild(folder)
    with opened(tmp_path) as index:
        assert index.lexical("barrel", 3)


def test_there_must_be_an_index_and_no_other_writer(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        rebuild(tmp_path / ".ragcli")
    assert not (tmp_path / ".ragcli").exists()
    folder = fill(tmp_path)
    with opened(tmp_path), pytest.raises(Busy):
        rebuild(folder)


def test_an_index_without_a_file_has_nothing_to_rebuild(tmp_path: Path) -> None:
    with open_index(tmp_path / ".ragcli", None, write=True):
        pass
    assert rebuild(tmp_path / ".ragcli", Hashing(32), name="hashing:32").embedder == ""


def test_a_model_that_gives_no_vectors_changes_nothing(tmp_path: Path) -> None:
    class Broken(Hashing):
        def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().passages(texts) * np.float32("nan")

    folder = fill(tmp_path)
    before = found(folder, Hashing(64))
    with pytest.raises(UnreadableFile):
        rebuild(folder, Broken(32), name="hashing:32")
    assert found(folder, Hashing(64)) == before


def run(root: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RAGCLI_FAILPOINT": failpoint}
    arguments = [sys.executable, "-c", SCRIPT, str(root)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)


@pytest.mark.parametrize("point", REBUILD_POINTS)
def test_a_kill_leaves_the_old_model_or_the_new_one_and_the_next_run_goes_on(tmp_path: Path, point: str) -> None:
    folder = fill(tmp_path)
    old = found(folder, Hashing(64))
    assert run(tmp_path, f"{point}=kill").returncode == KILLED, f"{point} was never passed"
    with open_index(folder, None) as index:
        pins = index.store.pins()
    assert pins is not None
    if pins.dim == 64:
        assert found(folder, Hashing(64)) == old
    else:
        assert found(folder, Hashing(32)) == found(fill(tmp_path / "new", Hashing(32), "hashing:32"), Hashing(32))
    second = rebuild(folder, Hashing(32), name="hashing:32")
    assert second.embedded == (5 if point == "rebuild.embedded" else 0)  # of six; the others were kept
    assert found(folder, Hashing(32)) == found(fill(tmp_path / "twin", Hashing(32), "hashing:32"), Hashing(32))
    assert not (folder / NAME).exists()


@pytest.mark.parametrize("point", ["rebuild.embedded", "store.before_commit", "cache.half_written"])
def test_a_full_disk_loses_nothing(tmp_path: Path, point: str) -> None:
    folder = fill(tmp_path)
    old = found(folder, Hashing(64))
    failed = run(tmp_path, f"{point}=enospc")
    assert "No space left" in failed.stderr
    if point != "cache.half_written":  # by then the new model is in the store, and only the cache is not
        assert found(folder, Hashing(64)) == old
    rebuild(folder, Hashing(32), name="hashing:32")
    assert len(found(folder, Hashing(32))) > 3
