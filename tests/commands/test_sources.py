"""The ways files come in: lists, pipes, patterns, passwords."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.data.make_samples import pdf
from tests.mails import mail

from .conftest import Done, Run


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    """Runs a command line with its first argument, bytes, on stdin."""

    def pipe(raw: bytes, *args: str) -> Done:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw), isatty=lambda: False))
        return run(*args)

    return pipe


def paths(done: Done, state: str) -> set[str]:
    return {event["path"] for event in done.lines[:-1] if event["state"] == state}


def test_a_text_on_stdin_is_a_document_that_the_next_run_keeps(folder: Path, run: Run, pipe: Run) -> None:
    text = b"# Auks\n\nAuks dive for sand eels.\n"
    dry = pipe(text, "ingest", "-", "--stdin-name", "seen/auks.md", "-n", "--json")
    assert paths(dry, "added") == {"seen/auks.md"}
    done = pipe(text, "ingest", "-", "--stdin-name", "seen/../seen/auks.md", "--json", "--meta", "kind=bird")
    assert (done.code, paths(done, "added")) == (0, {"seen/auks.md"})
    assert run("ingest", ".").code == 0
    assert "seen/auks.md" in run("ls").out
    assert "sand eels" in run("show", "seen/auks.md").out
    assert run("search", "auks", "--path", "seen/*", "--where", "kind=bird").code == 0
    assert paths(pipe(b"Puffins.", "ingest", "-", "--stdin-name", "seen/auks.md", "--json"), "updated")
    assert run("rm", "--yes", "seen/auks.md").code == 0
    assert "auks" not in run("ls").out


@pytest.mark.parametrize(
    "name", ["", "/etc/x.md", "../x.md", "a/../../x", ".", "a/", "penguins.md", "birds", "penguins.md/x"]
)
def test_a_name_that_is_no_place_for_a_text_is_refused(notes: Path, pipe: Run, name: str) -> None:
    done = pipe(b"text", "ingest", "-", "--stdin-name", name, "--json")
    assert (done.code, done.value["error"]["code"]) == (2, "usage")
    assert "--stdin-name" in done.value["error"]["message"]


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("-",),
        ("-", "birds", "--stdin-name", "x.md"),
        ("birds", "--stdin-name", "x.md"),
        ("birds", "-0"),
        ("--files-from", "-", "-", "--stdin-name", "x.md"),
        ("birds", "--include", ""),
        ("birds", "--exclude", "# a"),
        ("-", "--stdin-name", "x.md", "--watch"),
        ("birds", "-n", "--watch"),
    ],
)
def test_flags_that_contradict_each_other_are_a_usage_error(folder: Path, pipe: Run, args: tuple[str, ...]) -> None:
    done = pipe(b"", "ingest", *args, "--json")
    assert (done.code, done.value["error"]["code"]) == (2, "usage")
    assert not (folder / ".ragcli").exists()


def test_a_list_of_paths_is_ingested_and_one_that_is_gone_stops_nothing(folder: Path, run: Run, pipe: Run) -> None:
    (folder / "two\nlines.md").write_text("Terns fly far.", "utf-8")
    (folder / "list.txt").write_bytes(b"penguins.md\r\n\nbirds\nnever.md\n")
    done = run("ingest", "--files-from", "list.txt", "--json")
    assert done.code == 5
    assert paths(done, "added") == {"penguins.md", "birds/kiwi.txt"}
    assert paths(done, "failed") == {"never.md"}
    (folder / "penguins.md").unlink()
    done = pipe(b"penguins.md\0two\nlines.md\0", "ingest", "--files-from", "-", "-0", "--json")
    assert done.code == 0
    assert (paths(done, "removed"), paths(done, "added")) == ({"penguins.md"}, {"two\nlines.md"})
    assert pipe(b"a\0b", "ingest", "--files-from", "-").code == 2
    assert run("ingest", "--files-from", "nowhere").code == 4
    assert pipe(b"", "ingest", "--files-from", "-").code == 0


def test_what_patterns_leave_out_is_not_searchable_any_more(folder: Path, run: Run) -> None:
    (folder / "drafts").mkdir()
    (folder / "drafts" / "owl.md").write_text("Owls hunt at night.", "utf-8")
    assert run("ingest", ".", "-q").code == 0
    done = run("ingest", ".", "--include", "*.md", "--exclude", "drafts/", "--json")
    assert done.code == 0
    reasons = {event["path"]: event["reason"] for event in done.lines[:-1]}
    assert reasons["birds/kiwi.txt"] == "not named by --include; what the index had of it is removed"
    assert reasons["drafts"] == reasons["drafts/owl.md"] == "left out by --exclude"
    assert paths(done, "removed") == {"drafts/owl.md"}
    assert run("search", "owls hunt", "--path", "drafts/*").code == 3
    assert b"Owls" not in b"".join(path.read_bytes() for path in (folder / ".ragcli").iterdir())
    assert paths(run("ingest", ".", "--json"), "added") == {"birds/kiwi.txt", "drafts/owl.md"}
    named = run("ingest", "drafts/owl.md", "--exclude", "drafts/", "--json")
    assert paths(named, "skipped") == {"drafts/owl.md"}


def test_passwords_open_a_pdf_and_stay_out_of_index_and_output(folder: Path, run: Run) -> None:
    (folder / "closed.pdf").write_bytes(pdf(password="brass lamp"))
    done = run("ingest", "closed.pdf")
    assert done.code == 5
    assert "--password-file" in done.out
    (folder / "words.txt").write_text("wrong one\r\n\r\nbrass lamp\r\n", "utf-8")
    done = run("ingest", ".", "--password-file", "words.txt", "--json")
    assert (done.code, paths(done, "added") & {"closed.pdf", "words.txt"}) == (0, {"closed.pdf"})
    assert {e["reason"] for e in done.lines[:-1] if e["path"] == "words.txt"} == {"holds passwords"}
    stored = b"".join(path.read_bytes() for path in (folder / ".ragcli").iterdir())
    for secret in ("brass lamp", "wrong one"):
        assert secret not in done.out + done.err
        assert secret.encode() not in stored
    assert run("ingest", ".", "--password-file", "nowhere").code == 4
    (folder / "bad.txt").write_bytes(b"\xff\xfe\xff")
    done = run("ingest", ".", "--password-file", "bad.txt")
    assert (done.code, "not UTF-8" in done.err) == (2, True)


def test_an_attachment_is_shown_listed_and_goes_with_its_mail(folder: Path, run: Run) -> None:
    (folder / "a.eml").write_bytes(mail("Terns", "See the file.", terns_md="Terns fly from pole to pole."))
    assert run("ingest", ".", "-q").code == 0
    assert "a.eml/terns.md" in run("ls").out
    assert "pole to pole" in run("show", "a.eml/terns.md").out
    assert run("search", "terns", "--path", "a.eml/*", "-k", "1").code == 0
    assert run("rm", "--yes", "a.eml/terns.md").code == 0
    assert "terns" not in run("ls").out
    again = run("ingest", ".", "--json")
    assert (paths(again, "added"), paths(again, "updated")) == ({"a.eml/terns.md"}, set())
    done = run("rm", "--yes", "a.eml", "--json")
    assert set(done.value["removed"]) == {"a.eml", "a.eml/terns.md"}
    assert "terns" not in run("ls").out


def test_a_list_may_name_what_is_not_utf8(folder: Path, pipe: Run) -> None:
    (folder / os.fsdecode(b"\xff.md")).write_text("Rooks.", "utf-8")
    assert pipe(b"\xff.md\n", "ingest", "--files-from", "-", "--json").lines[0]["state"] == "added"
