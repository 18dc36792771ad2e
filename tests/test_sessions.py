from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ragcli import sessions
from ragcli.errors import DamagedIndex, StorageError, UsageError
from ragcli.sessions import Conversation, Exchange
from ragcli.types import Answer, Choice, CitationMode, Evidence, Hit, Model, Outcome, Scores, Snippet


def answered(question: str = "q", text: str = "a", *refs: str) -> Answer:
    snippets = [Snippet(1, ref, 1, "a.md", 0, 1, "x", (), (1, 1)) for ref in refs]
    hits = tuple(Hit(snippet, Scores(None, None, 0.5)) for snippet in snippets)
    evidence = Evidence(0.9, True, "")
    return Answer(question, text, Outcome.ANSWERED, (), hits, evidence, CitationMode.ACCURATE, "scripted")


def kept(index: Path, name: str) -> Path:
    return index / "sessions" / f"{name}.json"


def test_a_session_comes_back_as_it_was_left(tmp_path: Path) -> None:
    assert sessions.load(tmp_path, "work") == Conversation()
    sessions.append(tmp_path, "work", answered("How tall?\nAnd wide? \x1b[31m灯 \ud800", "122 cm", "ab12"))
    conversation = sessions.append(tmp_path, "work", answered("And heavy?", "", "ab12"))
    assert sessions.load(tmp_path, "work") == conversation
    assert conversation.asked == 2
    assert [turn.text for turn in sessions.recent(conversation)[1:]] == ["122 cm", "And heavy?", sessions.UNANSWERED]
    assert [said.made_from for said in conversation.exchanges] == [("ab12",), ()]
    assert sessions.load(tmp_path, "other") == Conversation()


def test_only_the_user_may_read_it_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        sessions.append(tmp_path, "work", answered())
    finally:
        os.umask(previous)
    assert stat.S_IMODE(kept(tmp_path, "work").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sessions").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["work.json"]


def test_what_is_kept_is_bounded_and_the_count_goes_on(tmp_path: Path) -> None:
    conversation = Conversation()
    for number in range(sessions.KEPT + 3):
        answer = answered(f"{number} " + "\U0001f427" * 9_000, "\x00" * 9_000, *map(str, range(2_000)))
        conversation = sessions.extend(conversation, answer)
        sessions.append(tmp_path, "long", answer)
    assert conversation.asked == sessions.KEPT + 3
    assert len(conversation.exchanges) == sessions.KEPT
    assert conversation.exchanges[0].question.startswith("3 ")
    assert len(sessions.recent(conversation)) == 2 * sessions.RECENT
    assert sessions.load(tmp_path, "long") == conversation
    assert kept(tmp_path, "long").stat().st_size < sessions.LARGEST_BYTES


def test_answers_are_taken_out_with_what_they_were_made_from(tmp_path: Path) -> None:
    assert sessions.forget_gone(tmp_path, lambda refs: set(refs)) == 0
    sessions.append(tmp_path, "one", answered("q1", "stays", "aa"))
    sessions.append(tmp_path, "one", answered("q2", "goes", "aa", "bb"))
    sessions.append(tmp_path, "two", answered("q3", "goes too", "bb"))
    assert sessions.forget_gone(tmp_path, lambda refs: set(refs) - {"bb"}) == 2
    one, two = (sessions.load(tmp_path, name) for name in ("one", "two"))
    assert one == Conversation(2, (Exchange("q1", "stays", ("aa",)), Exchange("q2", sessions.REMOVED)))
    assert two.exchanges == (Exchange("q3", sessions.REMOVED),)
    assert sessions.forget_gone(tmp_path, lambda refs: set(refs) - {"bb"}) == 0


def test_what_a_language_model_says_next_goes_with_the_sources_of_what_it_read(tmp_path: Path) -> None:
    auto = Choice("auto", "auto")
    model = Model("acme/tiny", "", "", "cpu", auto, auto, auto, 1024, 1 << 20)
    sessions.append(tmp_path, "one", answered("q1", "122 cm", "aa"))
    sessions.append(tmp_path, "one", replace(answered("q2", "as I said, 122 cm"), model=model))
    sessions.append(tmp_path, "one", answered("q3", "verbatim", "bb"))
    assert sessions.sources(sessions.load(tmp_path, "one")) == ("aa", "aa", "bb")
    assert sessions.forget_gone(tmp_path, lambda refs: set(refs) - {"aa"}) == 2
    assert [said.answer for said in sessions.load(tmp_path, "one").exchanges] == [*2 * [sessions.REMOVED], "verbatim"]


def test_a_damaged_session_keeps_no_other_from_being_gone_through_and_remains_of_a_kill_go(tmp_path: Path) -> None:
    sessions.append(tmp_path, "b", answered("q", "goes", "bb"))
    kept(tmp_path, "a").write_bytes(b"{")
    remains = tmp_path / "sessions" / ".b.json.4711.tmp"
    remains.write_text("goes")
    with pytest.raises(DamagedIndex, match="'a' is damaged"):
        sessions.forget_gone(tmp_path, lambda refs: set())
    assert sessions.load(tmp_path, "b").exchanges == (Exchange("q", sessions.REMOVED),)
    assert not remains.exists()


def test_what_is_not_ours_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    sessions.append(tmp_path, "work", answered("q", "goes", "bb"))
    for name in ("thesis.odt", ".hidden", ".hidden.json"):
        (tmp_path / "sessions" / name).write_text("mine")
    (tmp_path / "sessions" / "folder").mkdir()
    assert sessions.names(tmp_path) == ["work"]
    assert sessions.forget_gone(tmp_path, lambda refs: set()) == 1
    assert len(list((tmp_path / "sessions").iterdir())) == 5


def test_a_link_in_the_folders_place_gives_nothing_away(tmp_path: Path) -> None:
    home, index = tmp_path / "home", tmp_path / "index"
    home.mkdir()
    index.mkdir()
    for name in ("thesis.odt", ".a.tmp", "a.json"):
        (home / name).write_text("mine")
    (index / "sessions").symlink_to(home)
    for look in (lambda: sessions.forget_gone(index, lambda refs: set()), lambda: sessions.names(index)):
        with pytest.raises(DamagedIndex, match="is a link"):
            look()
    assert len(list(home.iterdir())) == 3


def test_forget_ends_it_and_says_whether_there_was_one(tmp_path: Path) -> None:
    assert not sessions.forget(tmp_path, "work")
    sessions.append(tmp_path, "work", answered())
    assert sessions.forget(tmp_path, "work")
    assert sessions.load(tmp_path, "work") == Conversation()


SAID = {"question": "q", "answer": "a", "made_from": ["ab"]}


def written(asked: object, exchanges: object) -> bytes:
    return json.dumps({"schema": sessions.SCHEMA, "asked": asked, "exchanges": exchanges}).encode()


def test_the_form_of_a_session(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    kept(tmp_path, "work").write_bytes(written(7, [SAID]))
    assert sessions.load(tmp_path, "work") == Conversation(7, (Exchange("q", "a", ("ab",)),))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[1]",
        b'{"schema": "ragcli.session/2", "asked": 1, "exchanges": []}',
        written(True, []),
        written(-1, []),
        written("1", []),
        written(1, {}),
        written(1, ["q", "a"]),
        written(0, [SAID]),
        written(1, [{**SAID, "question": None}]),
        written(1, [{**SAID, "answer": 7}]),
        written(1, [{**SAID, "made_from": "ab"}]),
        written(1, [{**SAID, "made_from": [[]]}]),
        b" " * (sessions.LARGEST_BYTES + 1),
    ],
)
def test_a_file_that_is_no_session_is_refused_with_its_mend(tmp_path: Path, document: bytes) -> None:
    (tmp_path / "sessions").mkdir()
    kept(tmp_path, "work").write_bytes(document)
    with pytest.raises(DamagedIndex, match="'work' is damaged") as caught:
        sessions.load(tmp_path, "work")
    assert caught.value.hint == "ragcli ask --session work --forget"
    assert sessions.forget(tmp_path, "work")


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a b", "a\x1b", "-rf", "a.", "x" * 65, "a\n"])
def test_a_name_that_is_no_file_name_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a session"):
        sessions.load(tmp_path, name)


def test_a_name_is_one_session_however_it_is_typed(tmp_path: Path) -> None:
    sessions.append(tmp_path, "Gru\u0308ße-1", answered())
    assert sessions.load(tmp_path, "Gr\xfcße-1").asked == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere, index = tmp_path / "elsewhere", tmp_path / "index"
    sessions_there = elsewhere / "sessions"
    sessions_there.mkdir(parents=True)
    index.mkdir()
    sessions.append(elsewhere, "work", answered())
    (index / "sessions").symlink_to(sessions_there)
    with pytest.raises(DamagedIndex, match="is a link"):
        sessions.append(index, "work", answered())
    (index / "sessions").unlink()
    (index / "sessions").mkdir()
    kept(index, "work").symlink_to(kept(elsewhere, "work"))
    with pytest.raises(StorageError, match="cannot read the session"):
        sessions.load(index, "work")


def test_a_session_that_cannot_be_written_is_an_error_and_the_old_one_stays(tmp_path: Path) -> None:
    sessions.append(tmp_path, "work", answered())
    kept(tmp_path, "other").mkdir()
    with pytest.raises(StorageError, match="'other'"):
        sessions.append(tmp_path, "other", answered())
    assert sessions.load(tmp_path, "work").exchanges == (Exchange("q", "a"),)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        sessions.append(tmp_path / "file", "work", answered())
