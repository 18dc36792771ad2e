import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ragcli.embedders.hashing import Hashing
from ragcli.errors import Busy, DamagedIndex, MissingError, StorageError, UnreadableFile
from ragcli.index import open_index, pinned_model
from ragcli.types import Block, BlockKind, File, FileState, Page, Parsed, Stat
from tests.checker import problems
from tests.library import PARAGRAPHS, cache_file, fill, ingested, opened


def file(uri: str, text: str = "x") -> File:
    return File(uri, Stat(len(text), 1, 2, 3), hashlib.sha256(text.encode()).hexdigest())


def put(folder: Path, uri: str, text: str, embedder: Hashing | None = None) -> None:
    with opened(folder, embedder) as index:
        index.put(file(uri, text), Parsed(text), state=FileState.ADDED)
        index.publish()


def test_a_second_writer_is_busy_and_is_told_who_writes(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(Busy, match=f"pid {os.getpid()}"), opened(tmp_path):
        pass
    with opened(tmp_path):  # free again
        pass


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from tests.library import opened\n"
        "with opened(Path(sys.argv[1])): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == 9
    with opened(tmp_path):
        pass


def test_another_embedder_is_refused_before_any_work(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with pytest.raises(DamagedIndex, match="hashing-32") as raised, open_index(tmp_path / ".ragcli", Hashing(32)):
        pass
    assert "--embedder hashing:64" in raised.value.hint


def test_other_snippet_lengths_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with (
        pytest.raises(DamagedIndex, match="150-220"),
        open_index(tmp_path / ".ragcli", Hashing(64), words=(100, 400), write=True),
    ):
        pass


def test_an_index_with_other_snippet_lengths_keeps_them_unasked(tmp_path: Path) -> None:
    folder = tmp_path / ".ragcli"
    with open_index(folder, Hashing(64), words=(100, None), write=True) as index:
        pins = index.store.pins()
    with open_index(folder, Hashing(64), write=True) as index:
        assert index.store.pins() == pins
    assert pins is not None
    assert (pins.min_words, pins.max_words) == (100, 220)


def test_the_pinned_model_is_known_without_an_embedder(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        pinned_model(tmp_path / ".ragcli")
    put(tmp_path, "a.md", PARAGRAPHS[0])
    assert pinned_model(tmp_path / ".ragcli") == "hashing:64"


def test_reading_needs_an_embedder_only_for_what_embeds(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with open_index(tmp_path / ".ragcli", None) as index:
        assert index.lexical("clockwork", 3)
        with pytest.raises(MissingError):
            index.dense("clockwork", 3)


def test_a_snippet_scores_by_its_best_window_not_its_last(tmp_path: Path) -> None:
    filler = "Nothing of interest stands in this sentence of plain words. " * 20
    text = f"The clockwork is wound with a brass crank. {filler}"
    put(tmp_path, "a.md", text)
    with opened(tmp_path, write=False) as index:
        (best, *_) = index.dense("clockwork brass crank", 1)
        rows = np.stack(
            [np.frombuffer(v, np.float32) for _, v in index.store.vectors(index.store.window_ids([best.snippet_id]))]
        )
        assert len(rows) > 1
        assert best.score == pytest.approx(float((rows @ Hashing(64).query("clockwork brass crank")).max()), abs=1e-5)
        assert best.span[0] == 0


def test_replacing_a_document_leaves_no_vector_of_the_old_one(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with opened(tmp_path) as index:
        old = set(index.vectors.ids().tolist())
        index.put(file("a.md", "new"), Parsed(PARAGRAPHS[2]), state=FileState.UPDATED)
        assert not old & set(index.vectors.ids().tolist())
        assert index.lexical("clockwork", 5) == []
        assert [near.snippet_id for near in index.dense("paraffin barrel", 5)] == index.store.snippet_ids(
            document.id for document in index.store.documents()
        )
        index.publish()
    assert problems(tmp_path / ".ragcli") == []


def test_text_embedded_before_is_not_embedded_again(tmp_path: Path) -> None:
    embedder = Hashing(64)
    with opened(tmp_path, embedder) as index:
        for name in ("a.md", "copy.md"):
            index.put(file(name), Parsed(PARAGRAPHS[0]), state=FileState.ADDED)
        assert (index.embedded, index.reused) == (1, 1)
    assert embedder.encoded == 1


def test_pages_and_lines_of_a_snippet_are_those_of_its_text(tmp_path: Path) -> None:
    text = "cover\n\nsecond page says " + "word " * 160 + "\n\nthird page"
    pages = (Page(0, "i"), Page(7, "ii"), Page(text.index("third"), "1"))
    with opened(tmp_path) as index:
        index.put(file("a.pdf"), Parsed(text, pages=pages), state=FileState.ADDED)
        snippets = index.store.snippets_of("a.pdf")
    for snippet in snippets:
        covered = [
            n
            for n, page in enumerate(pages, 1)
            if page.start < snippet.end and (n == len(pages) or pages[n].start > snippet.start)
        ]
        assert list(snippet.pages) == covered
        assert snippet.page_labels == tuple(pages[n - 1].label for n in covered)
        assert snippet.lines[0] == text[: snippet.start].count("\n") + 1
        assert snippet.lines[1] == text[: snippet.end].count("\n") + 1


def test_the_fields_are_title_section_metadata_text_in_order(tmp_path: Path) -> None:
    text = "Size\n\nEmperor penguins are the tallest."
    parsed = Parsed(
        text,
        (Block(BlockKind.HEADING, 0, 4, 1), Block(BlockKind.PARAGRAPH, 6, len(text))),
        title="Penguins",
        metadata=(("author", "A. Guide"), ("text", "not this")),
    )
    with opened(tmp_path) as index:
        index.put(file("a.md"), parsed, state=FileState.ADDED, metadata=(("year", "1990"),))
        (snippet,) = index.store.snippets_of("a.md")
    keys = [key for key, _ in snippet.fields]
    assert keys in (["title", "section", "author", "year", "text"], ["title", "author", "year", "text"])
    assert dict(snippet.fields)["text"] == snippet.text


def test_columns_of_a_table_that_goes_on_are_a_field_embedded_and_indexed(tmp_path: Path) -> None:
    rows = ["| harbour | dues |", *(f"| {year} | {'paid ' * 20}|" for year in range(40))]
    text = "\n".join(rows)
    starts = [sum(len(row) + 1 for row in rows[:n]) for n in range(len(rows))]
    table = (Block(BlockKind.ROW, start, start + len(row)) for start, row in zip(starts, rows, strict=True))
    parsed = Parsed(text, (Block(BlockKind.TABLE, 0, len(text)), *table), metadata=(("columns", "not these"),))
    with opened(tmp_path) as index:
        index.put(file("a.md"), parsed, state=FileState.ADDED)
        first, *others = index.store.snippets_of("a.md")
        assert "columns" not in dict(first.fields)
        assert {dict(snippet.fields)["columns"] for snippet in others} == {"harbour | dues"}
        assert {id for id, _ in index.lexical("harbour", 20)} == {snippet.id for snippet in (first, *others)}


def test_a_document_without_words_is_no_text(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        outcome = index.put(file("scan.pdf"), Parsed("\n\n", notes=("2 pages, no text layer",)), state=FileState.ADDED)
        assert outcome.state is FileState.NO_TEXT
        assert outcome.reason == "no text in it (2 pages, no text layer)"
        assert index.store.count() == (0, 0, 0)


def test_the_cache_is_used_from_the_first_snippet_on(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    notices: list[str] = []
    with opened(tmp_path, write=False, notice=notices.append) as index:
        assert cache_file(tmp_path).stat().st_size > 0
        assert len(index.vectors) == 1
    assert notices == []


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "flipped", "appended", "swapped"])
def test_a_damaged_cache_is_said_and_never_answers(tmp_path: Path, damage: str) -> None:
    ingest_two(tmp_path)
    cache = cache_file(tmp_path)
    good = cache.read_bytes()
    with opened(tmp_path, write=False) as index:
        expected = index.dense("paraffin barrel", 5)
    bad = {
        "empty": b"",
        "truncated": good[:-9],
        "flipped": good[:200] + bytes([good[200] ^ 1]) + good[201:],
        "appended": good + b"x",
        "swapped": good[::-1],
    }
    cache.unlink() if damage == "missing" else cache.write_bytes(bad[damage])
    notices: list[str] = []
    with opened(tmp_path, write=False, notice=notices.append) as index:
        assert index.dense("paraffin barrel", 5) == expected
    assert len(notices) == 1
    assert cache.name in notices[0]


def ingest_two(folder: Path) -> None:
    put(folder, "a.md", PARAGRAPHS[0])
    put(folder, "b.md", PARAGRAPHS[2])


def test_an_older_cache_is_caught_up(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with opened(tmp_path) as index:  # written after the cache, and never published
        index.put(file("b.md", "b"), Parsed(PARAGRAPHS[2]), state=FileState.ADDED)
        index.drop(["a.md"])
    with opened(tmp_path, write=False) as index:
        assert set(index.vectors.ids().tolist()) == set(index.store.window_ids())
        assert len(index.dense("paraffin", 5)) == 1


def test_a_reader_sees_one_snapshot_while_another_writes(tmp_path: Path) -> None:
    fill(tmp_path, a=PARAGRAPHS[0])
    ingested(tmp_path)
    with opened(tmp_path, write=False) as reader:
        before = [hit.snippet_id for hit in reader.dense("keeper", 5)]
        (tmp_path / "a.md").unlink()
        fill(tmp_path, b=PARAGRAPHS[2])
        ingested(tmp_path)
        assert [hit.snippet_id for hit in reader.dense("keeper", 5)] == before
        assert [s.uri for s in reader.store.snippets(before)] == ["a.md"]


def test_idf_is_higher_for_rarer_terms_and_always_positive(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        for n in range(5):
            text = f"lamp number {n}" + (" storm" if n == 0 else "")
            index.put(file(f"{n}.md", str(n)), Parsed(text), state=FileState.ADDED)
        assert index.idf("nowhere") > index.idf("storm") > index.idf("lamp") > 0


class Broken(Hashing):
    """An embedder that returns what is no vector."""

    def passages(self, texts: object) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        return np.full((1, 64), np.nan, np.float32)


def test_a_vector_that_is_none_fails_the_file_and_stores_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, Broken(64)) as index:
        with pytest.raises(UnreadableFile, match="no vector"):
            index.put(file("a.md"), Parsed(PARAGRAPHS[0]), state=FileState.ADDED)
        assert index.store.count() == (0, 0, 0)


def test_a_full_disk_keeps_the_old_cache_and_names_the_mend(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    script = (
        "import sys; from pathlib import Path; from tests.test_index import put\n"
        f"put(Path(sys.argv[1]), 'b.md', {PARAGRAPHS[2]!r})"
    )
    good = cache_file(tmp_path).read_bytes()
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "RAGCLI_FAILPOINT": "cache.half_written=enospc"},
    )
    assert StorageError.__name__ in run.stderr
    assert "No space left" in run.stderr
    assert cache_file(tmp_path).read_bytes() == good
    assert problems(tmp_path / ".ragcli") == []


def test_the_index_is_private(tmp_path: Path) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    folder = tmp_path / ".ragcli"
    assert folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(("key", "write"), [("analysis", False), ("window_tokens", True), ("stride_tokens", True)])
def test_an_index_cut_by_other_rules_is_refused(tmp_path: Path, key: str, write: bool) -> None:
    put(tmp_path, "a.md", PARAGRAPHS[0])
    with opened(tmp_path) as index:
        pins = index.store.pins()
        assert pins is not None
        index.store.set_pins(replace(pins, **{key: getattr(pins, key) + 1}))
    with pytest.raises(DamagedIndex, match="other rules"), opened(tmp_path, write=write):
        pass
