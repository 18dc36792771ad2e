"""Untrusted bytes are parsed in child processes with budgets; a child that dies costs one file.

Parent and child speak over pipes: a length (8 bytes, big-endian), then that many bytes. A job is a JSON
head and the file's bytes, a reply is JSON: nothing a child says is ever executed or unpickled.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.parsers._wire import MAX_PARTS, WALL, is_part_name, part_limit, read, write
from ragcli.types import Block, BlockKind, Page, Parsed, Part

K = TypeVar("K")

_MAX_REPLY_BYTES: Final = 256 << 20
_CPU_S_PER_MB: Final = 1.0
_START_S: Final = 30.0
_IN_FLIGHT: Final = 4  # jobs a worker that may be read ahead of the consumer


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    slot: _Slot | None = None
    deadline: float = 0.0
    cpu_s: float = 0.0


@dataclass(slots=True)
class _Slot:
    """A job's place in the order of results."""

    key: Any
    raw: bytes
    name: str
    outcome: Parsed | UnreadableFile | None = None
    size_bytes: int = 0


class Sandbox:
    """A pool of parsing children, started on first use. Not thread-safe; use as a context manager.

    Budgets a file: `memory_bytes` of address space, `cpu_s` seconds of CPU and one more a MB, three times
    that of wall time, 20 M characters of text, 1,000 files in it. `passwords` are tried on encrypted files.
    """

    def __init__(
        self, workers: int = 2, *, memory_bytes: int = 1 << 30, cpu_s: float = 60.0, passwords: tuple[str, ...] = ()
    ) -> None:
        self._workers = max(1, workers)
        self._passwords = passwords
        self._memory_bytes = memory_bytes
        self._cpu_s = cpu_s
        self._children: list[_Child] = []

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every child."""
        while self._children:
            self._end(self._children[0])

    def parse(self, raw: bytes, name: str) -> Parsed:
        """One file's text. Raises UnreadableFile with the parser's reason, "limit: ..." or "parser crashed (...)"."""
        ((_, outcome),) = self.map([(name, raw, name)])
        if isinstance(outcome, UnreadableFile):
            raise outcome
        return outcome

    def map(self, jobs: Iterable[tuple[K, bytes, str]]) -> Iterator[tuple[K, Parsed | UnreadableFile]]:
        """(key, result) of each (key, raw, name), in order; a few jobs a worker are read ahead.

        While one map is consumed another may be: the inner one waits for children as they become free.
        """
        feed = iter(jobs)
        slots: deque[_Slot] = deque()
        waiting: deque[_Slot] = deque()
        exhausted = False
        try:
            while True:
                while not exhausted and len(slots) < self._workers * _IN_FLIGHT:
                    job = next(feed, None)
                    if job is None:
                        exhausted = True
                        break
                    slots.append(_Slot(*job))
                    waiting.append(slots[-1])
                    self._assign(waiting)
                if not slots:
                    return
                while slots[0].outcome is None:
                    self._assign(waiting)
                    self._collect()
                self._assign(waiting)
                done = slots.popleft()
                if done.outcome is not None:
                    yield done.key, done.outcome
        finally:
            for child in [child for child in self._children if any(child.slot is slot for slot in slots)]:
                self._end(child)  # the consumer left: its reply would answer the next call

    def _assign(self, waiting: deque[_Slot]) -> None:
        """Gives waiting jobs to idle children, starting children up to the number of workers."""
        while waiting:
            child = next((child for child in self._children if child.slot is None), None)
            if child is None and len(self._children) >= self._workers:
                return
            self._send(child or self._start(), waiting.popleft())

    def _start(self) -> _Child:
        root = str(Path(parsers.__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        # -P: the folder ragcli is called in holds foreign files, and must not become a place of modules
        command = [sys.executable, "-P", "-B", "-m", "ragcli.parsers", str(self._memory_bytes)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        child = _Child(process)
        self._children.append(child)
        return child

    def _send(self, child: _Child, slot: _Slot) -> None:
        child.slot, slot.size_bytes = slot, len(slot.raw)
        child.cpu_s = self._cpu_s + _CPU_S_PER_MB * len(slot.raw) / 1e6
        child.deadline = time.monotonic() + WALL * child.cpu_s + _START_S * (child.deadline == 0.0)
        name = os.path.basename(slot.name)
        head = json.dumps({"name": name, "cpu_s": child.cpu_s, "passwords": self._passwords}).encode()
        try:
            stdin = _pipe(child.process.stdin)
            for part in (head, slot.raw):
                write(stdin, part)
            stdin.flush()
        except OSError:
            self._fail(child)
        else:
            slot.raw = b""

    def _collect(self) -> None:
        """Waits for a reply, a death, or the nearest deadline."""
        busy = [child for child in self._children if child.slot is not None]
        nearest = min(child.deadline for child in busy) if busy else 0.0
        with selectors.DefaultSelector() as selector:
            for child in busy:
                selector.register(_pipe(child.process.stdout), selectors.EVENT_READ, child)
            ready = [key.data for key, _ in selector.select(max(0.0, nearest - time.monotonic()))]
        for child in ready:
            self._receive(child)
        now = time.monotonic()
        for child in busy:
            if child not in ready and now >= child.deadline:
                self._fail(child, f"limit: more than {WALL * child.cpu_s:.0f} s")

    def _receive(self, child: _Child) -> None:
        try:
            pipe = _pipe(child.process.stdout)
            reply = json.loads(read(pipe, _MAX_REPLY_BYTES))
            outcome = _outcome(reply)
            if isinstance(outcome, Parsed) and child.slot is not None:
                outcome = replace(outcome, parts=_parts(pipe, reply["parts"], child.slot.size_bytes))
        except (EOFError, OSError):
            self._fail(child)
            return
        except (ValueError, TypeError, KeyError, RecursionError):
            self._fail(child, "parser crashed (its reply makes no sense)")
            return
        if child.slot is not None:
            child.slot.outcome, child.slot = outcome, None
        if reply.get("retire"):
            self._end(child)

    def _fail(self, child: _Child, reason: str = "") -> None:
        """The child's job failed with it; the next job starts another."""
        slot, cpu_s = child.slot, child.cpu_s
        code = self._end(child, kill=bool(reason))
        if not reason:
            if code == -signal.SIGXCPU:
                reason = f"limit: more than {cpu_s:.0f} s of CPU"
            else:
                reason = f"parser crashed ({f'signal {-code}' if code < 0 else f'exit {code}'})"
        if slot is not None:
            slot.outcome, slot.raw = UnreadableFile(reason), b""

    def _end(self, child: _Child, kill: bool = True) -> int:
        """Takes a child out of the pool; gives its exit code."""
        self._children.remove(child)
        if kill:
            child.process.kill()
        for pipe in (child.process.stdin, child.process.stdout):
            try:
                _pipe(pipe).close()
            except BrokenPipeError:
                continue  # what was not yet written is for a dead child
        try:
            return child.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.process.kill()
            return child.process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EOFError
    return pipe


def _outcome(reply: dict[str, Any]) -> Parsed | UnreadableFile:
    """A checked Parsed: a child that was taken over may say anything. Raises ValueError, TypeError, KeyError."""
    if "error" in reply:
        return UnreadableFile(str(reply["error"])[:500])
    text = _text(reply["text"])
    blocks = tuple(
        Block(BlockKind(kind), int(a), int(b), int(level), _text(name)) for kind, a, b, level, name in reply["blocks"]
    )
    pages = tuple(Page(int(start), _text(label)) for start, label in reply["pages"])
    starts = [page.start for page in pages]
    if any(not 0 <= block.start <= block.end <= len(text) for block in blocks):
        raise ValueError("a block outside the text")
    if starts and (starts[0] != 0 or any(a >= b for a, b in pairwise(starts))):
        raise ValueError("pages out of order")
    metadata = tuple((_text(key), _text(value)) for key, value in reply["metadata"])
    return Parsed(text, blocks, pages, _text(reply["title"]), metadata, tuple(_text(note) for note in reply["notes"]))


def _parts(pipe: IO[bytes], names: Any, size_bytes: int) -> tuple[Part, ...]:
    """The files inside a file of `size_bytes`, which follow its reply. Raises as `_outcome` does."""
    left = part_limit(size_bytes)
    if len(names) > MAX_PARTS or len({_text(name).casefold() for name in names}) < len(names):
        raise ValueError("too many parts, or two of one name")
    if not all(is_part_name(name) for name in names):
        raise ValueError("a part's name is none")
    parts = []
    for name in names:
        parts.append(Part(name, read(pipe, left)))
        left -= len(parts[-1].raw)
    return tuple(parts)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    value.encode("utf-8")  # UnicodeEncodeError, a ValueError, on a lone surrogate
    return value
