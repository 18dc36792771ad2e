"""Questions with what is known to answer them, and claims with their evidence, as files: docs/EVAL.md.

A set is a folder with corpus.jsonl, queries.jsonl and qrels (BEIR's layout), a folder with questions.jsonl beside or
above its files, or a file of questions on an index that is there. A bad line is one UsageError with file and line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ragcli.errors import MissingError, UsageError
from ragcli.types import Role, Span, Turn

CORPUS: Final = "corpus.jsonl"
QUERIES: Final = "queries.jsonl"
QUESTIONS: Final = "questions.jsonl"
LINE_BYTES: Final = 64 << 20
LONGEST_ID: Final = 1000
SEE: Final = "docs/EVAL.md shows how a set is written"

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NO_ID: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPEAKERS: Final = {"user": Role.USER, "agent": Role.ASSISTANT, "assistant": Role.ASSISTANT}


@dataclass(frozen=True, slots=True)
class Gold:
    """A passage that answers: its document's id or file, its text, and where it stands there if that is known."""

    document: str
    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question; any one of `golds` answers it. `grades` are documents by id, above 0 where they are relevant."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    golds: tuple[Gold, ...] = ()
    grades: tuple[tuple[str, int], ...] = ()
    answerable: bool = True
    split: str = ""
    history: tuple[Turn, ...] = ()

    @property
    def relevant(self) -> list[str]:
        """The documents that answer."""
        return [document for document, grade in self.grades if grade > 0]


@dataclass(frozen=True, slots=True)
class Row:
    """A document of a corpus.jsonl."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, the texts that are to carry it, and whether they do ("supported") or what else they do."""

    id: str
    text: str
    evidence: tuple[str, ...]
    label: str
    split: str = ""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions and where their documents are: in `corpus`, a JSONL file, or in `files`, a folder, or in neither."""

    name: str
    questions: tuple[Question, ...]
    corpus: Path | None = None
    files: Path | None = None


def read_set(path: Path, split: str = "") -> QuestionSet:
    """The set at `path`, only questions of `split` if it is given. UsageError, MissingError."""
    name = path.resolve().name
    if path.is_file():
        found = QuestionSet(path.stem, _questions(path))
    elif (path / CORPUS).is_file():
        found = QuestionSet(name, _judged(path, split), corpus=path / CORPUS)
        split = "" if _qrels(path, split)[1] else split
    elif (path / QUESTIONS).is_file():
        files = path / "docs" if (path / "docs").is_dir() else path
        found = QuestionSet(name, _questions(path / QUESTIONS), files=files)
    elif path.exists():
        raise MissingError(f"{path} holds neither {CORPUS} nor {QUESTIONS}", SEE)
    else:
        raise MissingError(f"{path}: no such file or folder", SEE)
    chosen = tuple(question for question in found.questions if not split or question.split == split)
    if not chosen:
        raise UsageError(f"{path}: no question{f' of the split {split!r}' if split else ''}", SEE)
    return replace(found, questions=chosen)


def rows(corpus: Path) -> Iterator[Row]:
    """The documents of a corpus.jsonl."""
    seen: set[str] = set()
    for where, record in records(corpus):
        yield Row(_id(record, where, seen), _text(record, where, "title", default=""), _text(record, where, "text"))


def read_claims(path: Path, split: str = "") -> tuple[Claim, ...]:
    """The claims of a file, or of claims.jsonl in a folder. UsageError, MissingError."""
    path = path / "claims.jsonl" if path.is_dir() else path
    seen: set[str] = set()
    found = tuple(
        Claim(
            _id(record, where, seen),
            _text(record, where, "claim"),
            _texts(record, where, "evidence"),
            _text(record, where, "label"),
            _text(record, where, "split", default=""),
        )
        for where, record in records(path)
    )
    chosen = tuple(claim for claim in found if not split or claim.split == split)
    if not chosen:
        raise UsageError(f"{path}: no claim{f' of the split {split!r}' if split else ''}", SEE)
    return chosen


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """("file:line", object) of each line of a JSONL file that is not blank. UsageError, MissingError."""
    for number, raw in _lines(path):
        where = f"{path}:{number}"
        try:
            record = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: not UTF-8", SEE) from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: not JSON", SEE) from error
        if not isinstance(record, dict):
            raise UsageError(f"{where}: not a JSON object", SEE)
        yield where, record


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines end with a line feed only: texts may hold U+2028."""
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(LINE_BYTES + 1):
                number += 1
                if len(raw) > LINE_BYTES:
                    raise UsageError(f"{path}:{number}: longer than {LINE_BYTES:,} bytes", SEE)
                if raw.strip():
                    yield number, raw
    except FileNotFoundError as error:
        raise MissingError(f"{path}: no such file", SEE) from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", SEE) from error


def _questions(path: Path) -> tuple[Question, ...]:
    seen: set[str] = set()
    return tuple(_question(record, where, seen) for where, record in records(path))


def _judged(folder: Path, split: str) -> tuple[Question, ...]:
    """The questions of queries.jsonl with the grades of the qrels; where these are a split's own, only their own."""
    qrels, own = _qrels(folder, split)
    grades = _grades(qrels) if qrels else {}
    found = []
    for question in _questions(folder / QUERIES):
        if question.id in grades:
            found.append(replace(question, grades=tuple(grades[question.id].items())))
        elif not own:
            found.append(question)
    return tuple(found)


def _qrels(folder: Path, split: str) -> tuple[Path | None, bool]:
    """(the file of judgements or None, whether it is that of one split)."""
    if split and Path(split).name == split:
        for path in (folder / "qrels" / f"{split}.tsv", folder / f"qrels.{split}.tsv"):
            if path.is_file():
                return path, True
    if not split and (folder / "qrels" / "test.tsv").is_file():
        return folder / "qrels" / "test.tsv", True
    path = folder / "qrels.tsv"
    return (path, False) if path.is_file() else (None, False)


def _grades(path: Path) -> dict[str, dict[str, int]]:
    """Query -> document -> grade, of lines "query, document, grade" with tabs; a first line of names is passed over."""
    found: dict[str, dict[str, int]] = {}
    for number, raw in _lines(path):
        parts = raw.decode("utf-8", "replace").rstrip("\r\n").split("\t")
        grade = parts[-1].strip()
        if len(parts) not in (3, 4) or not re.fullmatch(r"-?[0-9]{1,6}", grade):
            if number == 1 and len(parts) in (3, 4):
                continue
            raise UsageError(f"{path}:{number}: not query-id, doc-id and grade with tabs between", SEE)
        found.setdefault(parts[0], {})[parts[-2]] = int(grade)
    return found


def _question(record: Mapping[str, Any], where: str, seen: set[str]) -> Question:
    golds = tuple(_gold(each, where) for each in _list(record, where, "gold" if "gold" in record else "evidence"))
    answerable = record.get("answerable", True)
    if not isinstance(answerable, bool):
        raise UsageError(f"{where}: 'answerable' is not true or false", SEE)
    return Question(
        id=_id(record, where, seen),
        text=_text(record, where, "question" if "question" in record else "text"),
        answers=_texts(record, where, "answers"),
        golds=golds,
        grades=tuple((document, 1) for document in dict.fromkeys(gold.document for gold in golds)),
        answerable=answerable,
        split=_text(record, where, "split", default=""),
        history=tuple(turn for said in _list(record, where, "history") for turn in _turns(said, where)),
    )


def _gold(entry: object, where: str) -> Gold:
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: a gold passage is not a JSON object", SEE)
    document = _text(entry, where, "file" if "file" in entry else "doc")
    text = _text(entry, where, "text", default="")
    start, end = entry.get("start"), entry.get("end")
    if start is None and end is None:
        if not text.strip():
            raise UsageError(f"{where}: a gold passage has neither 'text' nor 'start' and 'end'", SEE)
        return Gold(document, text)
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise UsageError(f"{where}: 'start' and 'end' of a gold passage are not 0 <= start < end", SEE)
    return Gold(document, text, (start, end))


def _turns(said: object, where: str) -> Iterator[Turn]:
    """{"question", "answer"} are two turns, {"speaker", "text"} is one."""
    if isinstance(said, dict) and "question" in said:
        yield Turn(Role.USER, _text(said, where, "question"))
        yield Turn(Role.ASSISTANT, _text(said, where, "answer"))
    elif isinstance(said, dict) and said.get("speaker") in _SPEAKERS:
        yield Turn(_SPEAKERS[said["speaker"]], _text(said, where, "text"))
    else:
        raise UsageError(f"{where}: a turn of 'history' has no 'question' and 'answer'", SEE)


def _id(record: Mapping[str, Any], where: str, seen: set[str]) -> str:
    """BEIR calls it "_id"; a number is taken as its digits. It may stand once, and in a TSV file."""
    value = record.get("id", record.get("_id"))
    id = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    id = _LONE_SURROGATE.sub("\ufffd", id)
    if not id.strip() or len(id) > LONGEST_ID or _NO_ID.search(id):
        raise UsageError(f"{where}: no 'id', or one that is no line of text", SEE)
    if id in seen:
        raise UsageError(f"{where}: the id {id!r} stands twice", SEE)
    seen.add(id)
    return id


def _text(record: Mapping[str, Any], where: str, key: str, *, default: str | None = None) -> str:
    value = record.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise UsageError(f"{where}: {key!r} is not a text", SEE)
    return _LONE_SURROGATE.sub("\ufffd", value)


def _texts(record: Mapping[str, Any], where: str, key: str) -> tuple[str, ...]:
    return tuple(_text({key: each}, where, key, default="") for each in _list(record, where, key))


def _list(record: Mapping[str, Any], where: str, key: str) -> Sequence[Any]:
    value = record.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise UsageError(f"{where}: {key!r} is not a list", SEE)
    return value
