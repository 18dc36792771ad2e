"""Files inside files: an e-mail's attachments are documents of their own, and live and die with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ragcli.embedders.hashing import Hashing
from ragcli.ingest import DEEPEST, forecast, ingest
from ragcli.plan import IngestOptions
from ragcli.types import AGAIN, FileState, Part
from ragcli.walk import WalkOptions
from tests.checker import problems
from tests.data.make_samples import pdf
from tests.library import PARAGRAPHS, fill, ingested, opened, states
from tests.mails import mail

ADDED, UPDATED, UNCHANGED = FileState.ADDED, FileState.UPDATED, FileState.UNCHANGED
RENAMED, REMOVED, SKIPPED, FAILED = FileState.RENAMED, FileState.REMOVED, FileState.SKIPPED, FileState.FAILED


def write(root: Path, name: str = "a.eml", body: str = "See the files.", **attachments: str | bytes) -> None:
    (root / name).write_bytes(mail("Lamp", body, **attachments))


def ledger(root: Path) -> dict[str, FileState]:
    with opened(root, write=False) as index:
        return {uri: line[0].state for uri, line in index.store.ledger.lines().items() if uri != ".ragcli"}


def planned(root: Path, options: IngestOptions = IngestOptions()) -> dict[str, FileState]:
    with opened(root) as index:
        return {each.uri: each.state for each in forecast([root], index, options=options) if each.uri != ".ragcli"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A mail with a text, a picture and a mail with a text in it."""
    inner = mail("Oil", "The list.", oil_txt=PARAGRAPHS[2])
    write(tmp_path, storm_txt=PARAGRAPHS[1], photo_png=bytes(range(256)), inner_eml=inner)
    return tmp_path


WHOLE = {
    "a.eml": ADDED,
    "a.eml/storm.txt": ADDED,
    "a.eml/photo.png": SKIPPED,
    "a.eml/inner.eml": ADDED,
    "a.eml/inner.eml/oil.txt": ADDED,
}


def test_attachments_are_documents_and_an_unchanged_mail_costs_nothing(root: Path) -> None:
    assert planned(root) == WHOLE
    report = ingested(root)
    assert states(report) == WHOLE == ledger(root)
    assert [outcome.uri for outcome in report.outcomes][-1] == "a.eml"  # last: a crash before leaves it to be read
    with opened(root, write=False) as index:
        (near, *_) = index.lexical("four panes of the lantern", 1)
        assert index.store.snippets([near[0]])[0].uri == "a.eml/storm.txt"
    assert problems(root / ".ragcli") == []
    accessed = (root / "a.eml").stat().st_atime_ns
    embedder = Hashing(64)
    again = {uri: state if state is SKIPPED else UNCHANGED for uri, state in WHOLE.items()}
    assert states(ingested(root, embedder)) == again == ledger(root)
    os.utime(root / "a.eml", ns=(accessed, 1))  # touched: read, and not parsed
    assert planned(root) == again
    assert states(ingested(root, embedder)) == again
    assert embedder.encoded == 0


def test_what_a_mail_no_longer_holds_is_dropped(root: Path) -> None:
    ingested(root)
    write(root, body="Now without.", storm_txt=PARAGRAPHS[1], new_txt="A new text.")
    expected = {
        "a.eml": UPDATED,
        "a.eml/storm.txt": UNCHANGED,
        "a.eml/new.txt": ADDED,
        "a.eml/photo.png": REMOVED,
        "a.eml/inner.eml": REMOVED,
        "a.eml/inner.eml/oil.txt": REMOVED,
    }
    assert planned(root) == expected
    assert states(ingested(root)) == expected
    assert set(ledger(root)) == {"a.eml", "a.eml/storm.txt", "a.eml/new.txt"}
    assert problems(root / ".ragcli") == []


def test_parts_go_with_their_mail_and_keep_their_vectors_where_it_is_renamed(root: Path) -> None:
    ingested(root)
    (root / "a.eml").rename(root / "b.eml")
    embedder = Hashing(64)
    report = states(ingested(root, embedder))
    assert report == {uri.replace("a.eml", "b.eml"): SKIPPED if s is SKIPPED else RENAMED for uri, s in WHOLE.items()}
    assert embedder.encoded == 0
    (root / "b.eml").unlink()
    gone = {uri: REMOVED for uri, state in report.items() if state is not SKIPPED}
    assert planned(root) == gone
    assert states(ingested(root)) == gone
    assert ledger(root) == {}
    assert problems(root / ".ragcli") == []


def test_a_mail_that_is_ignored_or_no_mail_any_more_loses_its_parts(root: Path) -> None:
    ingested(root)
    (root / ".ragignore").write_text("a.eml\n", encoding="utf-8")
    report = ingested(root)
    assert states(report)["a.eml/inner.eml/oil.txt"] is REMOVED
    assert any("what the index had of it is removed" in outcome.reason for outcome in report.outcomes)
    (root / ".ragignore").unlink()
    ingested(root)
    (root / "a.eml").write_bytes(bytes(range(256)) * 8)
    assert states(ingested(root))["a.eml/storm.txt"] is REMOVED
    assert ledger(root) == {"a.eml": SKIPPED}


def test_a_mail_that_cannot_be_read_keeps_its_parts(root: Path) -> None:
    ingested(root)
    report = states(ingested(root, options=IngestOptions(walk=WalkOptions(max_file_bytes=5))))
    assert (report["a.eml"], report["a.eml/storm.txt"]) == (FAILED, UNCHANGED)
    assert states(ingested(root))["a.eml"] is UNCHANGED
    assert problems(root / ".ragcli") == []


def test_a_failed_attachment_is_tried_again_and_a_password_opens_it(tmp_path: Path) -> None:
    write(tmp_path, report_pdf=pdf(password="brass lamp"), storm_txt=PARAGRAPHS[1])
    assert states(ingested(tmp_path))["a.eml/report.pdf"] is FAILED
    options = IngestOptions(passwords=("brass lamp",))
    expected = {"a.eml": UNCHANGED, "a.eml/report.pdf": ADDED, "a.eml/storm.txt": UNCHANGED}
    assert states(ingested(tmp_path, options=options)) == expected
    assert states(ingested(tmp_path)) == dict.fromkeys(expected, UNCHANGED)
    assert b"brass lamp" not in b"".join(path.read_bytes() for path in (tmp_path / ".ragcli").iterdir())
    assert "brass lamp" not in repr(options)


def test_exclude_and_secrets_reach_into_mails_and_can_be_taken_back(tmp_path: Path) -> None:
    write(tmp_path, storm_txt=PARAGRAPHS[1], notes_md="Some notes.", server_pem="key")
    exclude = IngestOptions(walk=WalkOptions(exclude=("*.txt",)))
    assert states(ingested(tmp_path))["a.eml/server.pem"] is SKIPPED
    assert ledger(tmp_path)["a.eml/storm.txt"] is ADDED
    assert planned(tmp_path, exclude)["a.eml/storm.txt"] is SKIPPED
    assert states(ingested(tmp_path, options=exclude))["a.eml/storm.txt"] is SKIPPED
    assert ledger(tmp_path)["a.eml/storm.txt"] is SKIPPED
    with opened(tmp_path, write=False) as index:
        assert [document.uri for document in index.store.documents()] == ["a.eml", "a.eml/notes.md"]
    assert states(ingested(tmp_path))["a.eml/storm.txt"] is ADDED
    assert problems(tmp_path / ".ragcli") == []


def test_metadata_given_later_reaches_the_parts(root: Path) -> None:
    ingested(root)
    embedder = Hashing(64)
    report = states(ingested(root, embedder, IngestOptions(metadata=(("box", "7"),))))
    assert report == {uri: SKIPPED if state is SKIPPED else UPDATED for uri, state in WHOLE.items()}
    assert embedder.encoded == 0
    with opened(root, write=False) as index:
        assert all(("box", "7") in document.metadata for document in index.store.documents())


def test_a_part_that_was_removed_alone_comes_back(root: Path) -> None:
    ingested(root)
    with opened(root) as index:
        lines = index.store.ledger.lines()
        index.drop(["a.eml/inner.eml/oil.txt"])
        for holder in ("a.eml", "a.eml/inner.eml"):
            index.settle(lines[holder][0], AGAIN, lines[holder][2])
    expected = {uri: s if s is SKIPPED else UNCHANGED for uri, s in WHOLE.items()} | {"a.eml/inner.eml/oil.txt": ADDED}
    assert states(ingested(root)) == expected
    assert set(states(ingested(root)).values()) == {UNCHANGED, SKIPPED}


def test_mails_in_mails_are_read_to_a_depth(tmp_path: Path) -> None:
    raw = mail("0", "the innermost", deep_txt="never reached")
    for level in range(DEEPEST):
        raw = mail(str(level), "around", in_eml=raw)
    (tmp_path / "a.eml").write_bytes(raw)
    report = ingested(tmp_path)
    assert len(report.outcomes) - 1 == DEEPEST + 1
    (deepest,) = [outcome for outcome in report.outcomes if outcome.uri.count("/") == DEEPEST]
    assert "nested deeper" in deepest.notes[0]


def test_a_piped_text_stays_until_it_is_piped_again(tmp_path: Path) -> None:
    fill(tmp_path, a=PARAGRAPHS[0])
    piped = [Part("mails/b.eml", mail("Piped", "words", storm_txt=PARAGRAPHS[1]))]
    with opened(tmp_path) as index:
        first = ingest([], index, piped=piped)
    assert states(first) == {"mails/b.eml": ADDED, "mails/b.eml/storm.txt": ADDED}
    assert states(ingested(tmp_path)) == {"a.md": ADDED}
    with opened(tmp_path) as index:
        assert set(states(ingest([], index, piped=piped)).values()) == {UNCHANGED}
        small = IngestOptions(walk=WalkOptions(max_file_bytes=5))
        assert states(ingest([], index, options=small, piped=piped))["mails/b.eml"] is FAILED
    ingested(tmp_path)
    assert set(ledger(tmp_path)) == {"a.md", "mails/b.eml", "mails/b.eml/storm.txt"}
    with opened(tmp_path) as index:
        last = states(ingest([], index, piped=[Part("mails/b.eml", mail("Piped", "other words"))]))
    assert last == {"mails/b.eml": UPDATED, "mails/b.eml/storm.txt": REMOVED}
    assert problems(tmp_path / ".ragcli") == []
