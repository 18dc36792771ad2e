"""Conversations kept by name across calls: `sessions/NAME.json` in the index's folder, so each belongs to one index.

A file is read as a stranger's would be: bounded, checked, never followed through a link. Two processes that end a
turn in the same instant leave the later one's. An answer stays only while what it was made from is in the index.
"""

from __future__ import annotations

import json
import shlex
import unicodedata
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ragcli.errors import DamagedIndex, RagcliError, StorageError, UsageError
from ragcli.private import open_itself, write_whole
from ragcli.provenance import Known, lost, made_from
from ragcli.record import record
from ragcli.types import Answer, Role, Turn

SCHEMA: Final = "ragcli.session/1"
KEPT: Final = 20
"""Questions, with their answers, of which the text is kept."""
RECENT: Final = 5
"""Of these the ones that go into a prompt."""
QUESTION_CHARS: Final = 4_000
ANSWER_CHARS: Final = 8_000
LARGEST_BYTES: Final = 1 << 22
"""More than KEPT questions and answers in JSON, every character escaped."""
NAME_CHARS: Final = 64
REFS: Final = 1_000
UNANSWERED: Final = "The documents do not answer this."
"""Stands for an answer that was not given: in a prompt the speakers take turns."""
REMOVED: Final = "This answer was removed together with what it was made from."


@record
class Exchange:
    """A question and its answer, with the refs of the snippets that it was made from."""

    question: str
    answer: str
    made_from: tuple[str, ...] = ()


@record
class Conversation:
    """`asked` counts every question; `exchanges` are the last ones, oldest first."""

    asked: int = 0
    exchanges: tuple[Exchange, ...] = ()


def extend(before: Conversation, answer: Answer) -> Conversation:
    """The conversation one question later, cut to what is kept."""
    text = answer.text[:ANSWER_CHARS] or UNANSWERED
    said = Exchange(answer.question[:QUESTION_CHARS], text, made_from(answer, sources(before))[:REFS])
    return Conversation(before.asked + 1, (*before.exchanges, said)[-KEPT:])


def recent(conversation: Conversation) -> tuple[Turn, ...]:
    """The turns for a prompt."""
    return tuple(
        turn
        for said in conversation.exchanges[-RECENT:]
        for turn in (Turn(Role.USER, said.question), Turn(Role.ASSISTANT, said.answer))
    )


def sources(conversation: Conversation) -> tuple[str, ...]:
    """The refs of what these turns were made from."""
    return tuple(ref for said in conversation.exchanges[-RECENT:] for ref in said.made_from)


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
        with open(path, "rb", opener=open_itself) as file:
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


def append(index: Path, name: str, answer: Answer) -> Conversation:
    """Adds an answered question to what is kept now; whole or not at all. StorageError."""
    conversation = extend(load(index, name), answer)
    _write(_path(index, name), conversation)
    return conversation


def names(index: Path) -> list[str]:
    """Of the conversations that are kept; DamagedIndex where their folder is a link."""
    return sorted(path.stem for path in _folder(index).glob("*.json") if not path.name.startswith("."))


def forget_gone(index: Path, known: Known) -> int:
    """Takes out every answer made from a snippet that `known` no longer has; returns how many there were.

    A session that cannot be read is an error once the others are done.
    """
    gone, errors = 0, []
    for remains in _folder(index).glob(".*.tmp"):  # of a killed process
        remains.unlink(missing_ok=True)
    for name in names(index):
        try:
            gone += _forget_gone(index, name, known)
        except RagcliError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return gone


def _forget_gone(index: Path, name: str, known: Known) -> int:
    before = load(index, name)
    gone = lost([said.made_from for said in before.exchanges], known)
    if any(gone):
        said = [Exchange(e.question, REMOVED) if goes else e for e, goes in zip(before.exchanges, gone, strict=True)]
        _write(_path(index, name), Conversation(before.asked, tuple(said)))
    return sum(gone)


def forget(index: Path, name: str) -> bool:
    """Removes the conversation; whether there was one."""
    try:
        _path(index, name).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        message = f"cannot forget the session {name!r}: {error.strerror}"
        raise StorageError(message, f"remove it: {_path(index, name)}") from error
    return True


def _folder(index: Path) -> Path:
    folder = index / "sessions"
    if folder.is_symlink():
        raise DamagedIndex(f"{str(folder)!r} is a link to another folder", f"remove it: rm {shlex.quote(str(folder))}")
    return folder


def _path(index: Path, name: str) -> Path:
    return _folder(index) / f"{check_name(name)}.json"


def _write(path: Path, conversation: Conversation) -> None:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, json.dumps({"schema": SCHEMA, **asdict(conversation)}).encode("ascii"))
    except OSError as error:
        message = f"cannot keep the session {path.stem!r}: {error.strerror}"
        raise StorageError(message, "ask without --session") from error


def _mend(name: str) -> str:
    return f"ragcli ask --session {name} --forget"


def _read(document: Any) -> Conversation:
    """ValueError for anything but what `append` writes."""
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError("no session")
    asked, exchanges = document.get("asked"), document.get("exchanges")
    if not isinstance(asked, int) or isinstance(asked, bool) or not isinstance(exchanges, list):
        raise ValueError("no conversation")
    if asked < len(exchanges):
        raise ValueError("fewer questions than answers")
    return Conversation(asked, tuple(_exchange(said) for said in exchanges[-KEPT:]))


def _exchange(said: Any) -> Exchange:
    if not isinstance(said, dict):
        raise ValueError("no exchange")
    question, answer, refs = (said.get(key) for key in ("question", "answer", "made_from"))
    if not isinstance(question, str) or not isinstance(answer, str) or not isinstance(refs, list):
        raise ValueError("no question and answer")
    if not all(isinstance(ref, str) for ref in refs):
        raise ValueError("no refs")
    return Exchange(question[:QUESTION_CHARS], answer[:ANSWER_CHARS], tuple(refs[:REFS]))
