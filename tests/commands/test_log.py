from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ragcli import asklog
from ragcli.errors import StorageError

from .conftest import Run

QUESTION = "How tall are the tallest emperor penguins?"
PHRASE = "of all penguins"  # stands in the file, and so in the answer
UNANSWERABLE = "Which zeppelin crossed the Atlantic in 1928?"


@pytest.fixture
def asked(notes: Path, run: Run) -> Path:
    """The index's folder after two questions."""
    assert run("ask", QUESTION).code == 0
    assert run("ask", UNANSWERABLE, "--json").code == 3
    assert PHRASE.encode() in (notes / ".ragcli" / asklog.NAME).read_bytes()
    return notes / ".ragcli"


def test_what_was_asked_is_shown_the_newest_first_with_refs_that_show_takes(asked: Path, run: Run) -> None:
    entries = run("log", "--json").value["entries"]
    assert [entry["question"] for entry in entries] == [UNANSWERABLE, QUESTION]
    assert [entry["outcome"] for entry in entries] == ["no_evidence", "answered"]
    [source] = entries[1]["sources"]
    assert source["path"] == "penguins.md"
    assert "122 cm" in run("show", source["id"]).out
    shown = run("log").out
    assert shown.index(UNANSWERABLE) < shown.index("Not in your documents.") < shown.index(QUESTION)
    assert f"penguins.md  ref {source['id']}" in shown
    assert stat.S_IMODE((asked / asklog.NAME).stat().st_mode) == 0o600


def test_words_and_a_number_choose(asked: Path, run: Run) -> None:
    assert [each["question"] for each in run("log", "--json", "TALLEST", PHRASE).value["entries"]] == [QUESTION]
    assert [each["question"] for each in run("log", "--json", "-n", "1").value["entries"]] == [UNANSWERABLE]
    done = run("log", "giraffe", "--json")
    assert (done.code, done.value["exit_code"], done.value["entries"]) == (3, 3, [])
    assert run("log", "giraffe").out == "Nothing in the log.\n"


@pytest.mark.parametrize("how", ["flag", "environment", "file"])
def test_it_is_switched_off_by_flag_environment_or_file(
    how: str, notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "environment":
        monkeypatch.setenv("RAGCLI_LOG", "off")
    if how == "file":
        (notes / "ragcli.toml").write_text("log = false")
    assert run("ask", QUESTION, *(["--no-log"] if how == "flag" else [])).code == 0
    assert not (notes / ".ragcli" / asklog.NAME).exists()
    assert run("log").out == "Nothing in the log.\n"
    assert run("ask", QUESTION, "--log").code == 0
    assert (notes / ".ragcli" / asklog.NAME).exists()


def test_a_removed_files_text_leaves_the_log_and_that_is_said(asked: Path, run: Run) -> None:
    done = run("rm", "--yes", "penguins.md")
    assert "1 answer dropped from the log" in done.err
    assert PHRASE.encode() not in (asked / asklog.NAME).read_bytes()
    entry = run("log", "tallest", "--json").value["entries"][0]
    assert (entry["answer"], entry["sources"]) == (None, [])
    assert "answer dropped" in run("log", "tallest").out


def test_a_changed_files_old_text_leaves_the_log_too(asked: Path, run: Run) -> None:
    (asked.parent / "penguins.md").write_text("# Penguins\n\nNothing is said of their size.\n", "utf-8")
    assert run("ingest", ".").code == 0
    assert PHRASE.encode() not in (asked / asklog.NAME).read_bytes()


def test_clear_asks_or_needs_yes_and_forgets_everything(asked: Path, run: Run) -> None:
    assert run("log", "--clear").code == 2
    assert run("log", "--clear", "words", "--yes").code == 2
    assert run("log", "--clear", "--yes", "--json").value["entries"] == 2
    assert run("log", "--json").value["entries"] == []
    assert run("log", "--clear", "--yes").out == "forgot 0 questions\n"


def test_an_answer_never_fails_for_the_log(notes: Path, run: Run) -> None:
    (notes / ".ragcli" / asklog.NAME).mkdir()
    done = run("ask", QUESTION)
    assert done.code == 0
    assert "not logged: Is a directory" in done.err
    (notes / ".ragcli" / asklog.NAME).rmdir()
    (notes / ".ragcli" / asklog.NAME).symlink_to(notes / "penguins.md")
    before = (notes / "penguins.md").read_bytes()
    assert "not logged" in run("ask", QUESTION).err
    assert (notes / "penguins.md").read_bytes() == before
    assert run("log").code == 10


@pytest.mark.parametrize("number", [13, 30])
def test_an_index_that_is_read_only_is_no_news(
    number: int, notes: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    # root may write everywhere, so that the refusal itself has to stand for the folder that gives it
    monkeypatch.setattr(asklog, "append", refuse)
    done = run("ask", QUESTION)
    assert (done.code, done.err) == (0, "")


def test_a_batch_is_not_logged(notes: Path, run: Run) -> None:
    batch = notes.parent / "questions.jsonl"
    batch.write_text(f'"{QUESTION}"\n', "utf-8")
    assert run("ask", "--batch", str(batch)).code == 0
    assert run("log", "--json").value["entries"] == []


def test_without_an_index_there_is_no_log(folder: Path, run: Run) -> None:
    done = run("log", "--json")
    assert (done.code, done.value["error"]["code"]) == (4, "missing")


def test_another_index_in_place_of_this_one_takes_the_answers_of_this_one_with_it(asked: Path, run: Run) -> None:
    run("ask", "--session", "birds", "--no-log", QUESTION)
    run("--index", "other", "ingest", "birds")
    run("--index", "other", "export", "other.ragcli")
    done = run("import", "--force", "other.ragcli")
    assert done.code == 0
    assert "1 answer dropped from the log" in done.err
    assert "1 answer dropped from a session" in done.err
    for path in (asked / asklog.NAME, asked / "sessions" / "birds.json"):
        assert PHRASE.encode() not in path.read_bytes()


def ended(failpoint: str) -> int:
    """The exit code of an ingest, in a process of its own, that comes to a bad end there."""
    environ = {**os.environ, "RAGCLI_FAILPOINT": failpoint}
    return subprocess.run([sys.executable, "-m", "ragcli", "ingest", "."], env=environ, check=False).returncode


@pytest.mark.parametrize("verb", [("ingest", "."), ("rebuild",)])
def test_the_next_command_that_writes_does_what_a_killed_one_left_undone(
    verb: tuple[str, ...], asked: Path, run: Run
) -> None:
    (asked.parent / "penguins.md").unlink()
    assert ended("ingest.after_prune=kill") == -signal.SIGKILL
    assert PHRASE.encode() in (asked / asklog.NAME).read_bytes()
    assert run(*verb).code == 0
    assert PHRASE.encode() not in (asked / asklog.NAME).read_bytes()


def test_a_run_that_fails_halfway_takes_out_what_it_removed(asked: Path) -> None:
    (asked.parent / "penguins.md").unlink()
    assert ended("ingest.after_prune=enospc") == StorageError.exit_code
    assert PHRASE.encode() not in (asked / asklog.NAME).read_bytes()
