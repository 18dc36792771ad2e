"""Saved answers, as `ask --json`, a batch and the log write them -> what they cite. Anybody may have written the file:
every field that is read is checked, and what is wrong is named by file, line and field."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ragcli.errors import UsageError
from ragcli.reports import Saved, SavedSource
from ragcli.types import OFFSET_UNIT, Span

MOST_BYTES: Final = 64 << 20
MOST_SOURCES: Final = 10_000
KINDS: Final = ("ragcli.answer/1", "ragcli.log/1")
HINT: Final = "give what ragcli ask --json printed"


def read(raw: bytes, name: str) -> list[Saved]:
    """The answers of a file: one JSON document, or JSON Lines. UsageError names file, line and field."""
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{name} is longer than {MOST_BYTES >> 20} MiB", HINT)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8", HINT) from error
    found = [saved for line, value, at in _values(text, name) for saved in _answers(_Field(value, at), line)]
    if not found:
        raise UsageError(f"{name} holds no answer", HINT)
    if sum(len(saved.sources) for saved in found) > MOST_SOURCES:
        raise UsageError(f"{name} has more than {MOST_SOURCES:,} sources", "give fewer answers")
    return found


def _values(text: str, name: str) -> list[tuple[int, Any, str]]:
    """(line, value, how to name the place) of each document of the file."""
    try:
        return [(1, json.loads(text), name)]
    except (ValueError, RecursionError):
        lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
    values = []
    for at, line in lines:
        try:
            values.append((at, json.loads(line), f"{name}:{at}"))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}:{at} is not JSON", HINT) from error
    return values


@dataclass(frozen=True, slots=True)
class _Field:
    """A value out of the file, and the way to it: "answer.json: citations[0].sources[1]"."""

    value: Any
    at: str

    def __getitem__(self, key: str) -> _Field:
        if not isinstance(self.value, dict):
            raise self.wrong("is no object")
        way = f"{self.at}.{key}" if ": " in self.at else f"{self.at}: {key}"
        if key not in self.value:
            raise UsageError(f"{way} is missing", HINT)
        return _Field(self.value[key], way)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def wrong(self, what: str) -> UsageError:
        return UsageError(f"{self.at} {what}", HINT)

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("is no text")
        return self.value

    def items(self) -> list[_Field]:
        if not isinstance(self.value, list):
            raise self.wrong("is no list")
        return [_Field(each, f"{self.at}[{at}]") for at, each in enumerate(self.value)]

    def offset(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value < 1 << 53:
            raise self.wrong("is no offset")
        return self.value

    def span(self) -> Span:
        start, end = self["start"].offset(), self["end"].offset()
        if end < start:
            raise self["end"].wrong("lies before its start")
        return start, end

    def path(self) -> str:
        """A path as `render.jsonform.path_value` writes it."""
        if isinstance(self.value, str):
            uri = self.value
        else:
            field = self["bytes"]
            try:
                uri = os.fsdecode(base64.b64decode(field.text(), validate=True))
            except (binascii.Error, ValueError) as error:
                raise field.wrong("is no base64") from error
        if not uri or "\0" in uri:
            raise self.wrong("is no path")
        return uri


def _answers(field: _Field, line: int) -> list[Saved]:
    if "schema" not in field and "made_from" in field:  # a line of log.jsonl
        return [_logged(field, line, [each.items() for each in field["sources"].items()])]
    schema = field["schema"]
    kind = schema.text()
    if kind == "ragcli.error/1":  # a batch's line that failed
        return []
    if kind not in KINDS:
        raise schema.wrong(f"is {kind[:40]!r}, not {KINDS[0]}")
    if kind == "ragcli.log/1":
        return [
            _logged(entry, line, [(source["id"], source["path"]) for source in entry["sources"].items()])
            for entry in field["entries"].items()
        ]
    if field["offset_unit"].value != OFFSET_UNIT:
        raise field["offset_unit"].wrong(f"is not {OFFSET_UNIT}")
    text = field["answer"].text()
    sources = [source for citation in field["citations"].items() for source in _sources(citation, text)]
    return [Saved(line, field["question"].text(), text, tuple(sources))]


def _logged(entry: _Field, line: int, sources: Sequence[Sequence[_Field]]) -> Saved:
    """An entry of the log: of what was cited it keeps the refs only."""
    if any(len(source) != 2 for source in sources):
        raise entry["sources"].wrong("is no list of refs and paths")
    told = tuple(SavedSource(ref.text(), path.path()) for ref, path in sources)
    answer = entry["answer"]
    return Saved(line, entry["question"].text(), "" if answer.value is None else answer.text(), told)


def _sources(citation: _Field, answer: str) -> list[SavedSource]:
    start, end = citation.span()
    if answer[start:end] != citation["text"].text():
        raise citation["text"].wrong("is not what stands there in the answer")
    return [_source(source, (start, end)) for source in citation["sources"].items()]


def _source(source: _Field, claim: Span) -> SavedSource:
    support = source["support"]
    span, quote = support.span(), support["quote"].text()
    if len(quote) != span[1] - span[0]:
        raise support["quote"].wrong("is not as long as its span")
    uri = source["location"]["path"].path()
    return SavedSource(source["id"].text(), uri, claim, span, quote, support["status"].text())
