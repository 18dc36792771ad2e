import os
from pathlib import Path

import pytest

from ragcli.embedders.hashing import Hashing
from ragcli.errors import MissingError, UnreadableFile, UsageError
from ragcli.ingest import Progress, forecast, ingest
from ragcli.plan import IngestOptions, read_file
from ragcli.types import FileOutcome, FileState
from ragcli.walk import WalkOptions
from tests.checker import problems
from tests.data.office import pptx
from tests.library import PARAGRAPHS, cache_file, fill, ingested, opened, states


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path, a=PARAGRAPHS[0], sub__b=PARAGRAPHS[1], c=PARAGRAPHS[2])
    return tmp_path


def found(root: Path, question: str) -> set[str]:
    with opened(root, write=False) as index:
        ids = [near.snippet_id for near in index.dense(question, 10)] + [id for id, _ in index.lexical(question, 10)]
        return {snippet.uri for snippet in index.store.snippets(ids)}


def test_every_file_met_has_one_state_and_the_ledger_says_the_same(root: Path) -> None:
    (root / "binary.bin").write_bytes(bytes(range(256)) * 40)
    (root / "empty.md").write_text("", encoding="utf-8")
    (root / ".hidden.md").write_text("x", encoding="utf-8")
    (root / "broken.pdf").write_bytes(b"%PDF-1.7 nothing of the kind")
    report = ingested(root)
    assert states(report) == {
        "a.md": FileState.ADDED,
        "c.md": FileState.ADDED,
        "sub/b.md": FileState.ADDED,
        "binary.bin": FileState.SKIPPED,
        "empty.md": FileState.NO_TEXT,
        ".hidden.md": FileState.SKIPPED,
        "broken.pdf": FileState.FAILED,
    }
    assert all(outcome.reason for outcome in report.outcomes if outcome.state is not FileState.ADDED)
    with opened(root, write=False) as index:
        ledger = {uri: outcome.state for uri, (outcome, _, _) in index.store.ledger.lines().items() if uri != ".ragcli"}
    assert ledger == states(report)
    assert problems(root / ".ragcli") == []


def test_a_file_that_no_parser_reads_is_skipped_with_what_to_do_and_stays_so(root: Path) -> None:
    workbook = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "Workbook\0".encode("utf-16-le")
    (root / "old.xls").write_bytes(workbook)
    for _ in range(2):
        (old,) = (outcome for outcome in ingested(root).outcomes if outcome.uri == "old.xls")
        assert (old.state, old.reason) == (FileState.SKIPPED, "old binary Office format (save it as .xlsx)")


def test_a_file_without_text_says_what_was_found_instead(root: Path) -> None:
    (root / "a.pptx").write_bytes(pptx([""]))
    (pictures,) = (outcome for outcome in ingested(root).outcomes if outcome.uri == "a.pptx")
    assert (pictures.state, pictures.reason) == (FileState.NO_TEXT, "no text in it (slides without text: 1)")


def test_a_second_run_reads_nothing_and_embeds_nothing(root: Path) -> None:
    ingested(root)
    for path in root.rglob("*.md"):
        path.chmod(0)  # ctime changes: these are looked at again
        path.chmod(0o644)
    ingested(root)
    embedder = Hashing(64)
    access = {path: path.stat().st_atime_ns for path in root.rglob("*.md")}
    report = ingested(root, embedder)
    assert set(states(report).values()) == {FileState.UNCHANGED}
    assert (embedder.encoded, report.windows_embedded, report.windows_reused) == (0, 0, 0)
    assert {path: path.stat().st_atime_ns for path in access} == access


def test_a_run_without_changes_writes_nothing(root: Path) -> None:
    ingested(root)
    ingested(root)
    with opened(root, write=False) as index:
        before = index.store.generation()
    written = cache_file(root).stat().st_mtime_ns
    ingested(root)
    with opened(root, write=False) as index:
        assert index.store.generation() == before
    assert cache_file(root).stat().st_mtime_ns == written


def test_a_run_without_changes_mends_a_damaged_cache(root: Path) -> None:
    ingested(root)
    good = cache_file(root).read_bytes()
    cache_file(root).write_bytes(good[:-5])
    ingested(root)
    assert cache_file(root).stat().st_size == len(good)
    assert problems(root / ".ragcli") == []


def test_a_changed_file_is_replaced(root: Path) -> None:
    ingested(root)
    fill(root, a="The optic was replaced by a rotating bullseye lens of the second order.")
    assert states(ingested(root))["a.md"] is FileState.UPDATED
    assert "a.md" in found(root, "rotating bullseye lens")
    with opened(root, write=False) as index:
        assert index.lexical("clockwork", 5) == []
    assert problems(root / ".ragcli") == []


def test_a_vanished_file_leaves_the_index_and_the_disk(root: Path) -> None:
    fill(root, gone="The zanzibarite mineral was found nowhere else, and xylotomous beetles ate the labels.")
    ingested(root)
    assert "gone.md" in found(root, "zanzibarite")
    (root / "gone.md").unlink()
    report = ingested(root)
    assert states(report)["gone.md"] is FileState.REMOVED
    assert "gone.md" not in found(root, "zanzibarite xylotomous")
    with opened(root, write=False) as index:
        assert "gone.md" not in index.store.ledger.lines()
        assert set(index.vectors.ids().tolist()) == set(index.store.window_ids())
    traces = [path.name for path in (root / ".ragcli").iterdir() if b"zanzibarit" in path.read_bytes()]
    assert traces == []


def test_a_renamed_file_keeps_its_embeddings(root: Path) -> None:
    ingested(root)
    (root / "a.md").rename(root / "sub" / "renamed.md")
    embedder = Hashing(64)
    report = ingested(root, embedder)
    assert states(report) == {
        "c.md": FileState.UNCHANGED,
        "sub/b.md": FileState.UNCHANGED,
        "sub/renamed.md": FileState.RENAMED,
    }
    assert embedder.encoded == 0
    assert "sub/renamed.md" in found(root, "keeper clockwork")
    assert problems(root / ".ragcli") == []


def test_a_touched_file_is_unchanged(root: Path) -> None:
    ingested(root)
    os.utime(root / "a.md")
    assert states(ingested(root))["a.md"] is FileState.UNCHANGED


def test_verify_finds_a_change_that_the_stat_hides(root: Path) -> None:
    ingested(root)
    with opened(root) as index:  # as if the file system had kept every figure of the stat
        known, stat, _ = index.store.ledger.lines()["a.md"]
        index.store.ledger.put(known, stat, "0" * 64)
    assert states(ingested(root))["a.md"] is FileState.UNCHANGED
    assert states(ingested(root, options=IngestOptions(verify=True)))["a.md"] is FileState.UPDATED


def test_a_bad_file_stops_no_other_and_is_tried_again(root: Path) -> None:
    (root / "b.pdf").write_bytes(b"%PDF-1.4 broken")
    first = ingested(root)
    assert states(first)["b.pdf"] is FileState.FAILED
    assert states(first)["c.md"] is FileState.ADDED
    assert states(ingested(root))["b.pdf"] is FileState.FAILED


def test_a_file_that_may_no_longer_be_read_fails_and_keeps_its_old_version(root: Path) -> None:
    ingested(root)
    report = ingested(root, options=IngestOptions(walk=WalkOptions(max_file_bytes=5)))
    assert states(report)["a.md"] is FileState.FAILED
    assert "a.md" in found(root, "keeper clockwork")
    assert set(states(ingested(root)).values()) == {FileState.UNCHANGED}
    assert problems(root / ".ragcli") == []


def test_a_file_that_turned_bad_keeps_its_old_version_and_says_so(root: Path) -> None:
    (root / "d.txt").write_text("Barometers fall before a gale from the south-west.", encoding="utf-8")
    ingested(root)
    (root / "d.txt").write_bytes(b"%PDF-1.4 broken")
    (outcome,) = [one for one in ingested(root).outcomes if one.uri == "d.txt"]
    assert outcome.state is FileState.FAILED
    assert "kept" in outcome.reason
    assert "d.txt" in found(root, "barometers gale")
    (root / "d.txt").write_text("Barometers fall before a gale from the south-west.", encoding="utf-8")
    assert states(ingested(root))["d.txt"] is FileState.UNCHANGED
    assert problems(root / ".ragcli") == []


def test_a_file_that_is_now_ignored_leaves_the_index(root: Path) -> None:
    ingested(root)
    (root / ".ragignore").write_text("a.md\nsub/\n", encoding="utf-8")
    report = states(ingested(root))
    assert (report["a.md"], report["sub/b.md"]) == (FileState.SKIPPED, FileState.REMOVED)
    assert found(root, "keeper clockwork storm panes") == {"c.md"}
    assert problems(root / ".ragcli") == []


def test_only_what_lies_under_the_named_paths_can_vanish(root: Path) -> None:
    ingested(root)
    (root / "c.md").unlink()
    with opened(root) as index:
        report = ingest([root / "sub"], index)
    assert states(report) == {"sub/b.md": FileState.UNCHANGED}
    with opened(root, write=False) as index:
        assert {document.uri for document in index.store.documents()} == {"a.md", "c.md", "sub/b.md"}


def test_an_unmounted_disk_does_not_empty_the_index(tmp_path: Path) -> None:
    for n in range(12):
        fill(tmp_path, **{f"docs__f{n}": f"file number {n}"})
    with opened(tmp_path) as index:
        ingest([tmp_path / "docs"], index)
    for path in (tmp_path / "docs").iterdir():
        path.unlink()
    with opened(tmp_path) as index, pytest.raises(UsageError, match="12 of 12") as raised:
        ingest([tmp_path / "docs"], index)
    assert "--prune-all" in raised.value.hint
    with opened(tmp_path) as index:
        ingest([tmp_path / "docs"], index, options=IngestOptions(prune_all=True))
        assert index.store.count() == (0, 0, 0)


def test_a_missing_path_is_named(root: Path) -> None:
    with opened(root) as index, pytest.raises(MissingError, match="nowhere"):
        ingest([root / "nowhere"], index)


def test_a_plan_writes_nothing_and_says_what_would_be_done(root: Path) -> None:
    ingested(root)
    fill(root, a="changed", new="new")
    (root / "c.md").unlink()
    with opened(root) as index:
        before = index.store.generation()
        planned = {outcome.uri: outcome.state for outcome in forecast([root], index) if outcome.uri != ".ragcli"}
        assert index.store.generation() == before
    assert planned == {
        "a.md": FileState.UPDATED,
        "c.md": FileState.REMOVED,
        "new.md": FileState.ADDED,
        "sub/b.md": FileState.UNCHANGED,
    }
    assert states(ingested(root)) == planned


def test_metadata_given_later_reaches_documents_that_did_not_change(root: Path) -> None:
    ingested(root)
    embedder = Hashing(64)
    report = ingested(root, embedder, IngestOptions(metadata=(("project", "lamp"),)))
    assert set(states(report).values()) == {FileState.UPDATED}
    assert embedder.encoded == 0
    with opened(root, write=False) as index:
        assert all(("project", "lamp") in document.metadata for document in index.store.documents())


def test_progress_counts_up_to_the_files_that_had_to_be_read(root: Path) -> None:
    seen: list[tuple[FileOutcome, Progress]] = []
    with opened(root) as index:
        ingest([root], index, on_file=lambda outcome, progress: seen.append((outcome, progress)))
    (_, last) = seen[-1]
    assert (last.done, last.done_bytes) == (last.total, last.total_bytes)
    assert last.total == 3


def test_ingest_writes_nothing_beside_the_index(root: Path) -> None:
    def facts() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in root.rglob("*.md")}

    before = facts()
    ingested(root)
    assert facts() == before
    assert {path.name for path in root.iterdir()} == {"a.md", "c.md", "sub", ".ragcli"}


def test_the_order_of_ingests_does_not_matter(tmp_path: Path) -> None:
    for name, order in (("one", ("x", "y")), ("two", ("y", "x"))):
        root = tmp_path / name
        fill(root, x__a=PARAGRAPHS[0], y__b=PARAGRAPHS[1])
        for folder in order:
            with opened(root) as index:
                ingest([root / folder], index)
    with opened(tmp_path / "one", write=False) as one, opened(tmp_path / "two", write=False) as two:
        assert [s.ref for d in one.store.documents() for s in one.store.snippets_of(d.uri)] == [
            s.ref for d in two.store.documents() for s in two.store.snippets_of(d.uri)
        ]


@pytest.mark.parametrize("name", ["a\udcff\udcfe.txt", "[red]x[bold].txt", "<co: 0>.txt", "‮evil.txt", "a\nb.txt"])
def test_odd_names_go_in_and_come_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PARAGRAPHS[0].encode())
    assert states(ingested(tmp_path)) == {name: FileState.ADDED}
    assert found(tmp_path, "keeper clockwork") == {name}
    assert states(ingested(tmp_path)) == {name: FileState.UNCHANGED}


def test_a_link_put_in_a_files_place_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read_file(str(tmp_path / "pipe"), 100)


def test_a_file_that_grew_past_the_limit_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 101)
    with pytest.raises(UnreadableFile, match="too large"):
        read_file(str(tmp_path / "a.txt"), 100)
    options = IngestOptions(walk=WalkOptions(max_file_bytes=100))
    assert states(ingested(tmp_path, options=options)) == {"a.txt": FileState.FAILED}
