"""What was asked and answered: `log.jsonl` in the index's folder, one line an answer, the oldest dropped when it grows.

An answer's text stays only while every passage that it was made from is in the index as it was: what is removed
from the index, or changed in it, does not live on here. The question stays until the log is cleared.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ragcli.errors import Busy, StorageError
from ragcli.lock import acquire
from ragcli.private import open_itself
from ragcli.provenance import Known, lost, made_from
from ragcli.reports import Asked
from ragcli.types import Answer, Outcome

NAME: Final = "log.jsonl"
MOST_BYTES: Final = 1 << 21
LONGEST: Final = 20_000
PATIENCE_S: Final = 0.2
"""How long an answer waits for another one that is being written down."""


def entry_of(answer: Answer, before: Sequence[str] = ()) -> Asked:
    """The entry of an answer given now; `before` are the refs of what the turns before it were made from."""
    cited = (source.snippet for citation in answer.citations for source in citation.sources)
    return Asked(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        question=answer.question[:LONGEST],
        answer=answer.text[:LONGEST],
        outcome=answer.outcome.value,
        runtime=answer.runtime,
        sources=tuple(dict.fromkeys((snippet.ref, snippet.uri) for snippet in cited)),
        made_from=made_from(answer, before),
    )


def append(folder: Path, entry: Asked) -> None:
    """Writes an entry down. OSError where the folder cannot be written to, StorageError where the log is no file,
    Busy where another process keeps it."""
    line = _line(entry)
    with _opened(folder, os.O_RDWR | os.O_CREAT, PATIENCE_S) as log:
        if os.lseek(log, 0, os.SEEK_END) + len(line) > MOST_BYTES:
            kept = _read(log)
            _write(log, kept[len(kept) // 2 :])
        size = os.lseek(log, 0, os.SEEK_END)
        os.lseek(log, max(size - 1, 0), os.SEEK_SET)
        # a process killed in the middle of a line takes no other line with it
        torn = os.read(log, 1) not in {b"", b"\n"}
        os.write(log, b"\n" * torn + line)


def entries(folder: Path) -> list[Asked]:
    """All, oldest first; a line that is no entry is left out."""
    try:
        with _opened(folder, os.O_RDONLY, None) as log:
            return _read(log)
    except FileNotFoundError:
        return []


def matching(among: Sequence[Asked], words: Sequence[str]) -> list[Asked]:
    """Those in whose question or answer each of the words stands, in any case."""
    wanted = [word.casefold() for word in words]
    texts = [f"{each.question}\n{each.answer or ''}".casefold() for each in among]
    return [each for each, text in zip(among, texts, strict=True) if all(word in text for word in wanted)]


def forget_gone(folder: Path, known: Known) -> int:
    """Drops every answer made from a passage that `known` no longer has; returns how many there were."""
    try:
        with _opened(folder, os.O_RDWR, 10 * PATIENCE_S) as log:
            found = _read(log)
            gone = lost([entry.made_from for entry in found], known)
            if any(gone):
                _write(log, [_bare(entry) if goes else entry for entry, goes in zip(found, gone, strict=True)])
            return sum(gone)
    except FileNotFoundError:
        return 0


def clear(folder: Path) -> int:
    """Empties the log; returns how many entries it had."""
    try:
        with _opened(folder, os.O_RDWR, 10 * PATIENCE_S) as log:
            found = _read(log)
            _write(log, [])
            return len(found)
    except FileNotFoundError:
        return 0


def _bare(entry: Asked) -> Asked:
    return replace(entry, answer=None, sources=(), made_from=())


@contextmanager
def _opened(folder: Path, flags: int, patience_s: float | None) -> Iterator[int]:
    """The log's descriptor, locked unless `patience_s` is None. An index may come from elsewhere: a link in the
    log's place leads nowhere, and a pipe does not hold us up."""
    path = folder / NAME
    try:
        log = open_itself(path, flags)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise StorageError(f"{path} is a link, not a file", _mend(path)) from error
    try:
        if not stat.S_ISREG(os.fstat(log).st_mode):
            raise StorageError(f"{path} is not a file", _mend(path))
        if patience_s is not None:
            _wait(log, patience_s)
        yield log
    finally:
        os.close(log)


def _mend(path: Path) -> str:
    return f"remove it: rm {shlex.quote(str(path))}"


def _wait(log: int, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while True:
        try:
            acquire(log)
        except OSError as error:
            if time.monotonic() > until:
                raise Busy("another process is writing to the log", "run the command again") from error
            time.sleep(0.005)
        else:
            return


def _read(log: int) -> list[Asked]:
    os.lseek(log, 0, os.SEEK_SET)
    raw = os.read(log, 2 * MOST_BYTES)
    found = (_entry(line) for line in raw.split(b"\n") if line)
    return [entry for entry in found if entry is not None]


def _write(log: int, found: Sequence[Asked]) -> None:
    """In place, so that the old text is written over."""
    raw = b"".join(map(_line, found))
    size = os.fstat(log).st_size
    os.lseek(log, 0, os.SEEK_SET)
    os.write(log, raw + b"\n" * max(size - len(raw), 0))
    os.ftruncate(log, len(raw))
    os.fsync(log)


def _line(entry: Asked) -> bytes:
    # ASCII: a name that is not UTF-8 survives as an escaped surrogate
    return json.dumps(asdict(entry), separators=(",", ":")).encode("ascii") + b"\n"


def _entry(line: bytes) -> Asked | None:
    """None for a line that was cut off or that nobody of us wrote."""
    try:
        value = json.loads(line)
        at, question, outcome, runtime = texts = [value[name] for name in ("at", "question", "outcome", "runtime")]
        answer, refs = value["answer"], tuple(value["made_from"])
        pairs = tuple((ref, uri) for ref, uri in value["sources"])
        Outcome(outcome)
        datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    told = [*texts, "" if answer is None else answer, *refs, *(part for pair in pairs for part in pair)]
    if not all(isinstance(each, str) for each in told):
        return None
    return Asked(at, question, answer, outcome, runtime, pairs, refs)
