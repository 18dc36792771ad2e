from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ragcli import asklog
from ragcli.asklog import append, clear, entries, entry_of, forget_gone, matching
from ragcli.errors import Busy, StorageError
from ragcli.reports import Asked
from ragcli.types import Outcome

from .render.records import ANSWER, answer, document, snippet

ENTRY = Asked("2026-01-02T03:04:05Z", "How tall?", "122 cm.", "answered", "extractive", (("ab", "a.md"),), ("ab", "cd"))


def test_what_is_appended_is_read_back_in_order_from_a_file_that_is_the_users_alone(tmp_path: Path) -> None:
    odd = replace(ENTRY, question="line\nfeed\u2028 \ud800 🐧", sources=(("ab", "\udcff.md"),))
    append(tmp_path, ENTRY)
    append(tmp_path, odd)
    assert entries(tmp_path) == [ENTRY, odd]
    assert stat.S_IMODE((tmp_path / asklog.NAME).stat().st_mode) == 0o600


def test_an_entry_has_what_the_answer_cites_and_what_it_was_made_from() -> None:
    of = document()
    entry = entry_of(answer(of))
    ref = snippet(of).ref
    assert (entry.answer, entry.outcome, entry.sources, entry.made_from) == (
        ANSWER,
        "answered",
        ((ref, of.uri),),
        (ref,),
    )
    assert entry_of(answer(of, text="", outcome=Outcome.NO_EVIDENCE, citations=())).made_from == ()
    long = entry_of(answer(of, text="x" * 50_000, citations=()))
    assert len(long.answer or "") == asklog.LONGEST


def test_no_log_is_an_empty_one(tmp_path: Path) -> None:
    assert entries(tmp_path) == []
    assert clear(tmp_path) == 0
    assert forget_gone(tmp_path, lambda refs: set()) == 0
    assert not list(tmp_path.iterdir())


def test_an_answer_goes_when_a_passage_it_was_made_from_does_and_its_question_stays(tmp_path: Path) -> None:
    kept = replace(ENTRY, question="other", made_from=("ef",))
    for entry in (ENTRY, kept):
        append(tmp_path, entry)
    assert forget_gone(tmp_path, lambda refs: set(refs) - {"cd"}) == 1
    assert entries(tmp_path) == [replace(ENTRY, answer=None, sources=(), made_from=()), kept]
    assert b"122 cm" not in (tmp_path / asklog.NAME).read_bytes().replace(b'"other","answer":"122 cm', b"")
    assert forget_gone(tmp_path, lambda refs: set(refs) - {"cd"}) == 0


def test_what_is_known_is_asked_once_for_all_entries(tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []

    def known(refs: Sequence[str]) -> set[str]:
        asked.append(refs)
        return set(refs)

    for _ in range(3):
        append(tmp_path, ENTRY)
    assert forget_gone(tmp_path, known) == 0
    assert asked == [["ab", "cd"]]


def test_the_log_is_bounded_and_loses_its_oldest_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asklog, "MOST_BYTES", 4_000)
    for number in range(100):
        append(tmp_path, replace(ENTRY, question=str(number)))
        assert (tmp_path / asklog.NAME).stat().st_size <= 4_000
    found = [int(entry.question) for entry in entries(tmp_path)]
    assert found[-1] == 99
    assert found == list(range(found[0], 100))
    assert len(found) > 8


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b'{"at": "2026-01-02T03:04:05Z"}',
        json.dumps({"at": "yesterday", "question": "q", "answer": "", "outcome": "answered", "runtime": ""}).encode(),
        b'{"at":"2026-01-02T03:04:05Z","question":1,"answer":"","outcome":"answered","runtime":"","sources":[],"made_from":[]}',
        b'{"at":"2026-01-02T03:04:05Z","question":"","answer":"","outcome":"no","runtime":"","sources":[],"made_from":[]}',
        b'{"at":"2026-01-02T03:04:05Z","question":"","answer":"","outcome":"answered","runtime":"","sources":[3],"made_from":[]}',
        b'{"at":"2026-01-02T03:04:05Z","question":"","answer":0,"outcome":"answered","runtime":"","sources":[],"made_from":[]}',
        b'{"at":"2026-01-02T03:04:05Z","question":"","answer":"","outcome":"answered","runtime":"","sources":[],"made_from":5}',
        b'{"at":"2026-01-02T03:04:05Z","question":"","answer":"","outcome":"answered","runtime":"","sources":[],"made_from":[5]}',
    ],
)
def test_a_line_that_is_no_entry_takes_no_other_with_it(line: bytes, tmp_path: Path) -> None:
    append(tmp_path, ENTRY)
    with (tmp_path / asklog.NAME).open("ab") as log:
        log.write(line)
    append(tmp_path, ENTRY)
    assert entries(tmp_path) == [ENTRY, ENTRY]


def test_words_are_looked_for_in_question_and_answer_in_any_case() -> None:
    other = replace(ENTRY, question="ПОЧЕМУ?", answer=None)
    assert matching([ENTRY, other], ["TALL", "cm"]) == [ENTRY]
    assert matching([ENTRY, other], ["почему"]) == [other]
    assert matching([ENTRY, other], []) == [ENTRY, other]
    assert matching([other], ["none"]) == []


def test_a_link_in_the_logs_place_is_not_followed_and_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / asklog.NAME).symlink_to(target)
    with pytest.raises(StorageError, match="is a link"):
        append(tmp_path, ENTRY)
    assert target.read_text() == "mine"
    (tmp_path / asklog.NAME).unlink()
    os.mkfifo(tmp_path / asklog.NAME)
    with pytest.raises(StorageError, match="not a file"):
        append(tmp_path, ENTRY)


def test_a_log_that_another_process_holds_is_given_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asklog, "PATIENCE_S", 0.02)
    append(tmp_path, ENTRY)
    with (tmp_path / asklog.NAME).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="log"):
            append(tmp_path, ENTRY)
        assert entries(tmp_path) == [ENTRY]
    append(tmp_path, ENTRY)
    assert clear(tmp_path) == 2
    assert (tmp_path / asklog.NAME).read_bytes() == b""
