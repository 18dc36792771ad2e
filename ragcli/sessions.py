"""Conversations kept by name across calls: `sessions/NAME.json` in the index's folder, so each belongs to one index.

A file is read as a stranger's would be: bounded, checked, never followed through a link. Two processes that end a
turn in the same instant leave the later one's.
"""

from __future__ import annotations

import json
import os
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ragcli.errors import DamagedIndex, StorageError, UsageError
from ragcli.types import Role, Turn

SCHEMA: Final = "ragcli.session/1"
KEPT: Final = 20
"""Questions, with their answers, of which the text is kept."""
RECENT: Final = 5
"""Of these the ones that go into a prompt."""
QUESTION_CHARS: Final = 4_000
ANSWER_CHARS: Final = 8_000
LARGEST_BYTES: Final = 1 << 21
"""More than KEPT questions and answers in JSON, every character escaped."""
NAME_CHARS: Final = 64
UNANSWERED: Final = "The documents do not answer this."
"""Stands for an answer that was not given: in a prompt the speakers take turns."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`asked` counts every question; `turns` are the last of them and their answers, oldest first."""

    asked: int = 0
    turns: tuple[Turn, ...] = ()


def extend(before: Conversation, question: str, answer: str) -> Conversation:
    """The conversation one question later, cut to what is kept."""
    said = Turn(Role.USER, question[:QUESTION_CHARS]), Turn(Role.ASSISTANT, answer[:ANSWER_CHARS] or UNANSWERED)
    return Conversation(before.asked + 1, (*before.turns, *said)[-2 * KEPT :])


def recent(conversation: Conversation) -> tuple[Turn, ...]:
    """The turns for a prompt."""
    return conversation.turns[-2 * RECENT :]


def check_name(name: str) -> str:
    """The name in one normal form; UsageError where it could not be that of a file everywhere."""
    name = unicodedata.normalize("NFC", name)
    plain = all(character.isalnum() or character in "-_." for character in name)
    if not plain or not name[:1].isalnum() or name.endswith(".") or len(name) > NAME_CHARS:
        raise UsageError(
            f"{name!r} is no name for a session", f"letters, digits, - _ and . only, at most {NAME_CHARS} of them"
        )
    return name


def load(index: Path, name: str) -> Conversation:
    """The conversation of that name, an empty one where there is none; DamagedIndex if its file is not one."""
    path = _path(index, name)
    try:
        with open(path, "rb", opener=_open_itself) as file:
            raw = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        return Conversation()
    except OSError as error:
        raise StorageError(f"cannot read the session {name!r}: {error.strerror}", _mend(name)) from error
    try:
        if len(raw) > LARGEST_BYTES:
            raise ValueError("too long")
        return _read(json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise DamagedIndex(f"the file of the session {name!r} is damaged", _mend(name)) from error


def append(index: Path, name: str, question: str, answer: str) -> Conversation:
    """Adds a question and its answer to what is kept now; whole or not at all. StorageError."""
    conversation = extend(load(index, name), question, answer)
    turns = [{"role": turn.role.value, "text": turn.text} for turn in conversation.turns]
    document = json.dumps({"schema": SCHEMA, "asked": conversation.asked, "turns": turns})
    path = _path(index, name)
    fresh = path.with_name(f".{name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            fresh.unlink()
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise StorageError(f"cannot keep the session {name!r}: {error.strerror}", "ask without --session") from error
    return conversation


def forget(index: Path, name: str) -> bool:
    """Removes the conversation; whether there was one."""
    try:
        _path(index, name).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"cannot forget the session {name!r}: {error.strerror}") from error
    return True


def _path(index: Path, name: str) -> Path:
    folder = index / "sessions"
    if folder.is_symlink():
        raise DamagedIndex(f"{str(folder)!r} is a link to another folder", "remove the link")
    return folder / f"{check_name(name)}.json"


def _open_itself(path: str, flags: int) -> int:
    """Opens no link's target, and waits for no pipe's writer."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _mend(name: str) -> str:
    return f"ragcli ask --session {name} --forget"


def _read(document: Any) -> Conversation:
    """ValueError for anything but what `append` writes."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError("no session")
    asked, turns = document.get("asked"), document.get("turns")
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 0 or not isinstance(turns, list):
        raise ValueError("no conversation")
    read = tuple(_turn(turn) for turn in turns[-2 * KEPT :])
    speakers = [turn.role for turn in read]
    if len(speakers) > 2 * asked or speakers != [Role.USER, Role.ASSISTANT] * (len(speakers) // 2):
        raise ValueError("not a question and an answer in turn")
    return Conversation(asked, read)


def _turn(turn: Any) -> Turn:
    role, text = (turn.get("role"), turn.get("text")) if isinstance(turn, dict) else (None, None)
    if not isinstance(role, str) or not isinstance(text, str):
        raise ValueError("no turn")
    return Turn(Role(role), text[: max(QUESTION_CHARS, ANSWER_CHARS)])
