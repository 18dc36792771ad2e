from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from ragcli import sessions
from ragcli.errors import DamagedIndex, StorageError, UsageError
from ragcli.sessions import Conversation
from ragcli.types import Role, Turn


def kept(index: Path, name: str) -> Path:
    return index / "sessions" / f"{name}.json"


def test_a_session_comes_back_as_it_was_left(tmp_path: Path) -> None:
    assert sessions.load(tmp_path, "work") == Conversation()
    sessions.append(tmp_path, "work", "How tall?\nAnd wide? \x1b[31m灯 \ud800", "122 cm")
    conversation = sessions.append(tmp_path, "work", "And heavy?", "")
    assert sessions.load(tmp_path, "work") == conversation
    assert conversation.asked == 2
    assert [turn.text for turn in conversation.turns[1:]] == ["122 cm", "And heavy?", sessions.UNANSWERED]
    assert sessions.load(tmp_path, "other") == Conversation()


def test_only_the_user_may_read_it_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        sessions.append(tmp_path, "work", "q", "a")
    finally:
        os.umask(previous)
    assert stat.S_IMODE(kept(tmp_path, "work").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sessions").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["work.json"]


def test_what_is_kept_is_bounded_and_the_count_goes_on(tmp_path: Path) -> None:
    conversation = Conversation()
    for number in range(sessions.KEPT + 3):
        conversation = sessions.extend(conversation, f"{number} " + "\U0001f427" * 9_000, "\x00" * 9_000)
    assert conversation.asked == sessions.KEPT + 3
    assert len(conversation.turns) == 2 * sessions.KEPT
    assert conversation.turns[0].text.startswith("3 ")
    assert len(sessions.recent(conversation)) == 2 * sessions.RECENT
    (tmp_path / "sessions").mkdir()
    turns = [{"role": turn.role, "text": turn.text} for turn in conversation.turns]
    document = {"schema": sessions.SCHEMA, "asked": conversation.asked, "turns": turns}
    kept(tmp_path, "long").write_text(json.dumps(document), "ascii")
    assert sessions.append(tmp_path, "long", "q", "a").asked == sessions.KEPT + 4
    assert len(sessions.load(tmp_path, "long").turns) == 2 * sessions.KEPT
    assert kept(tmp_path, "long").stat().st_size < sessions.LARGEST_BYTES


def test_forget_ends_it_and_says_whether_there_was_one(tmp_path: Path) -> None:
    assert not sessions.forget(tmp_path, "work")
    sessions.append(tmp_path, "work", "q", "a")
    assert sessions.forget(tmp_path, "work")
    assert sessions.load(tmp_path, "work") == Conversation()


USER, ASSISTANT = {"role": "user", "text": "q"}, {"role": "assistant", "text": "a"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[1]",
        b'{"schema": "ragcli.session/2", "asked": 1, "turns": []}',
        json.dumps({"schema": sessions.SCHEMA, "asked": True, "turns": []}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": -1, "turns": []}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": {}}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": ["q", "a"]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": [USER]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": [ASSISTANT, USER]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 0, "turns": [USER, ASSISTANT]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": [USER, {**ASSISTANT, "role": "system"}]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": [USER, {**ASSISTANT, "role": []}]}).encode(),
        json.dumps({"schema": sessions.SCHEMA, "asked": 1, "turns": [USER, {**ASSISTANT, "text": 7}]}).encode(),
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
    sessions.append(tmp_path, "Gru\u0308ße-1", "q", "a")
    assert sessions.load(tmp_path, "Gr\xfcße-1").asked == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere, index = tmp_path / "elsewhere", tmp_path / "index"
    sessions_there = elsewhere / "sessions"
    sessions_there.mkdir(parents=True)
    index.mkdir()
    sessions.append(elsewhere, "work", "q", "a")
    (index / "sessions").symlink_to(sessions_there)
    with pytest.raises(DamagedIndex, match="is a link"):
        sessions.append(index, "work", "q", "a")
    (index / "sessions").unlink()
    (index / "sessions").mkdir()
    kept(index, "work").symlink_to(kept(elsewhere, "work"))
    with pytest.raises(StorageError, match="cannot read the session"):
        sessions.load(index, "work")


def test_a_session_that_cannot_be_written_is_an_error_and_the_old_one_stays(tmp_path: Path) -> None:
    sessions.append(tmp_path, "work", "q", "a")
    kept(tmp_path, "other").mkdir()
    with pytest.raises(StorageError, match="'other'"):
        sessions.append(tmp_path, "other", "q", "a")
    assert sessions.load(tmp_path, "work").turns == (Turn(Role.USER, "q"), Turn(Role.ASSISTANT, "a"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        sessions.append(tmp_path / "file", "work", "q", "a")
