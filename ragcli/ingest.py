"""A folder -> the index: what is new is parsed and embedded, what changed is replaced, what vanished is
removed with its vectors, what is as it was costs one stat. Every path met ends in one ledger state.

The files inside a file are stored before its own ledger line: a crash in between leaves it to be read again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.failpoints import failpoint
from ragcli.plan import (
    GONE,
    IngestOptions,
    Plan,
    as_unchanged,
    keep_parts,
    kept_version,
    read_file,
    removals,
    state_of,
    survey,
)
from ragcli.sandbox import Sandbox
from ragcli.types import NO_STAT, PIPED, Fields, File, FileOutcome, FileState, IngestReport, Parsed, Part, Stat
from ragcli.walk import part_reason

if TYPE_CHECKING:
    from ragcli.index import Index

DEEPEST: Final = 10
"""Files inside files inside files: no deeper than this."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is, counting only files that have to be read; windows encoded so far."""

    done: int
    total: int
    done_bytes: int
    total_bytes: int
    windows: int


OnFile = Callable[[FileOutcome, Progress], None]


def ingest(
    paths: Sequence[Path],
    index: Index,
    *,
    options: IngestOptions = IngestOptions(),
    piped: Sequence[Part] = (),
    on_file: OnFile = lambda *_: None,
) -> IngestReport:
    """Brings `index` up to date with `paths`, and with `piped`: texts that are no file, by uri. A bad file is a
    `failed` outcome; MissingError for a path that is not there, UsageError where so much vanished that the disk
    is probably not mounted."""
    started = time.monotonic()
    outcomes: list[FileOutcome] = []
    plan = survey(paths, index, options)
    failpoint("ingest.planned")
    total, total_bytes = len(plan.to_read), sum(found.stat.size_bytes for _, found in plan.to_read if found.stat)
    total, total_bytes = total + len(piped), total_bytes + sum(len(part.raw) for part in piped)
    read, read_bytes = 0, 0

    def settled(outcome: FileOutcome, size_bytes: int = -1) -> None:
        nonlocal read, read_bytes
        if size_bytes >= 0:
            read, read_bytes = read + 1, read_bytes + size_bytes
        outcomes.append(outcome)
        on_file(outcome, Progress(read, total, read_bytes, total_bytes, index.embedded))

    # 1. what needs no reading
    for outcome in (*plan.known, *(outcome for outcome, _ in plan.left_out)):
        settled(outcome)
    # 2. what is new or changed: read, parse in children, embed, one transaction a file
    with Sandbox(passwords=options.passwords) as sandbox:
        for outcome, size_bytes in _Run(plan, index, options, sandbox).all(piped):
            settled(outcome, size_bytes)
    # 3. what vanished
    failpoint("ingest.before_prune")
    index.drop([*plan.vanished, *plan.forgotten])
    failpoint("ingest.after_prune")
    for outcome in removals(plan):
        settled(outcome)
    # 4. the ledger of what was not read, and the cache
    failpoint("ingest.before_ledger")
    index.record(plan.left_out, [o.uri for o in plan.known if o.state is FileState.UNCHANGED])
    index.publish()
    return IngestReport(tuple(outcomes), index.embedded, index.reused, time.monotonic() - started)


def forecast(
    paths: Sequence[Path], index: Index, *, options: IngestOptions = IngestOptions(), piped: Sequence[Part] = ()
) -> list[FileOutcome]:
    """What `ingest` would do, by reading and hashing; only what holds files is parsed. Nothing is written."""
    plan = survey(paths, index, options)
    outcomes = [*plan.known, *(outcome for outcome, _ in plan.left_out)]
    with Sandbox(passwords=options.passwords) as sandbox:
        outcomes += [outcome for outcome, _ in _Run(plan, _Nothing(), options, sandbox).all(piped)]
    return [*outcomes, *removals(plan)]


class _Nothing:
    """Stands for the index in a dry run: takes everything, writes nothing."""

    def put(
        self, file: File, parsed: Parsed, *, state: FileState, metadata: Fields = (), replaces: str = ""
    ) -> FileOutcome:
        return FileOutcome(file.uri, state)

    def settle(self, outcome: FileOutcome, stat: Stat, sha256: str = "", *, drop: Sequence[str] = ()) -> None:
        """Nothing."""

    def drop(self, uris: Sequence[str]) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A file on its way through the parser."""

    file: File
    state: FileState
    replaces: str


_Settled = list[FileOutcome]
"""What became of a file: the files inside it first, its own outcome last."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One pass over what has to be read."""

    made: Plan
    index: Index | _Nothing
    options: IngestOptions
    sandbox: Sandbox

    def all(self, piped: Sequence[Part]) -> Iterator[tuple[FileOutcome, int]]:
        """(outcome, bytes) of each file, stored as it comes; -1 bytes for a file inside another."""
        sizes = {uri: found.stat.size_bytes for uri, found in self.made.to_read if found.stat}
        sizes |= {part.name: len(part.raw) for part in piped}
        for settled in self._through(self._jobs(piped), 0):
            for outcome in settled[:-1]:
                yield outcome, -1
            yield settled[-1], sizes.get(settled[-1].uri, 0)

    def _jobs(self, piped: Sequence[Part]) -> Iterator[tuple[_Job, bytes, str] | _Settled]:
        for part in piped:
            if len(part.raw) > self.options.walk.max_file_bytes:
                error = UnreadableFile(f"too large: more than {self.options.walk.max_file_bytes:,} bytes")
                yield self._failed(part.name, error, stat=Stat(0, 0, 0, PIPED))
            else:
                yield self._decided(part.name, Stat(len(part.raw), 0, 0, PIPED), part.raw)
        for uri, found in self.made.to_read:
            try:
                raw, status = read_file(found.path, self.options.walk.max_file_bytes)
            except UnreadableFile as error:
                yield self._failed(uri, error)
                continue
            failpoint("ingest.after_read")
            yield self._decided(uri, status, raw)

    def _through(self, found: Iterable[tuple[_Job, bytes, str] | _Settled], depth: int) -> Iterator[_Settled]:
        """Jobs through the sandbox, in order; what was settled without it, as it comes."""
        early: list[_Settled] = []

        def jobs() -> Iterator[tuple[_Job, bytes, str]]:
            for each in found:
                if isinstance(each, list):
                    early.append(each)
                else:
                    yield each

        for job, parsed in self.sandbox.map(jobs()):
            failpoint("ingest.after_parse")
            yield from early
            early.clear()
            yield self._stored(job, parsed, depth)
        yield from early

    def _decided(self, uri: str, stat: Stat, raw: bytes) -> tuple[_Job, bytes, str] | _Settled:
        """A job, or what became of a file that needs no parsing."""
        made, file, name = self.made, File(uri, stat, hashlib.sha256(raw).hexdigest()), os.path.basename(uri)
        kind = parsers.kind_of(raw[: parsers.HEAD_BYTES], name)
        if kind is None:
            parts = made.parts.get(uri, [])
            outcome = FileOutcome(uri, FileState.SKIPPED, parsers.why_not(raw))
            self.index.settle(outcome, stat, file.sha256, drop=(uri, *parts))
            return [*_removed(parts), outcome]
        state, before = state_of(uri, file, made)
        if state is FileState.UNCHANGED:
            if uri not in made.unlabelled and uri not in made.again:
                outcome = as_unchanged(replace(made.ledger[uri][0], state=FileState.UNCHANGED))
                self.index.settle(outcome, stat, file.sha256)
                return [*keep_parts(uri, made, self.options), outcome]
            state = FileState.UPDATED if uri in made.unlabelled else state
        if isinstance(self.index, _Nothing) and not parsers.holds_files(kind):
            return [FileOutcome(uri, state)]
        return _Job(file, state, before), raw, name

    def _stored(self, job: _Job, parsed: Parsed | UnreadableFile, depth: int) -> _Settled:
        file = job.file
        stat = file.stat if file.stat.ctime_ns == PIPED else NO_STAT
        if isinstance(parsed, UnreadableFile):
            return self._failed(file.uri, parsed, job, stat)
        settled = [outcome for part in self._parts(job, parsed, depth) for outcome in part]
        met = {outcome.uri for outcome in settled}
        stale = [uri for uri in self.made.parts.get(file.uri, ()) if uri not in met]
        self.index.drop(stale)
        settled += _removed(stale)
        if depth >= DEEPEST and parsed.parts:
            note = f"files inside it are left out: nested deeper than {DEEPEST} levels"
            parsed = replace(parsed, notes=(*parsed.notes, note))
        if job.state is FileState.UNCHANGED:  # read again for its parts alone
            outcome = as_unchanged(replace(self.made.ledger[file.uri][0], state=FileState.UNCHANGED))
            self.index.settle(outcome, file.stat, file.sha256)
            return [*settled, outcome]
        try:
            failpoint("ingest.before_put")
            metadata = self.options.metadata
            outcome = self.index.put(file, parsed, state=job.state, metadata=metadata, replaces=job.replaces)
            failpoint("ingest.after_put")
        except UnreadableFile as error:
            return [*settled, self._failed(file.uri, error, job, stat)[-1]]
        return [*settled, outcome]

    def _parts(self, job: _Job, parsed: Parsed, depth: int) -> Iterator[_Settled]:
        """What becomes of the files inside a file."""

        def jobs() -> Iterator[tuple[_Job, bytes, str] | _Settled]:
            for part in parsed.parts:
                uri = f"{job.file.uri}/{part.name}"
                reason = part_reason(f"{os.path.basename(job.file.uri)}/{part.name}", self.options.walk)
                if reason:
                    parts = self.made.parts.get(uri, [])
                    outcome = FileOutcome(uri, FileState.SKIPPED, reason)
                    self.index.settle(outcome, NO_STAT, drop=(uri, *parts))
                    yield [*_removed(parts), outcome]
                else:
                    yield self._decided(uri, Stat(len(part.raw), 0, 0, 0), part.raw)

        return self._through(jobs(), depth + 1) if depth < DEEPEST else iter(())

    def _failed(self, uri: str, error: UnreadableFile, job: _Job | None = None, stat: Stat = NO_STAT) -> _Settled:
        """The ledger line of a file that cannot be taken in; what was ingested of it before stays, parts too."""
        made = self.made
        if job is not None and job.replaces:  # the file it was renamed from is gone all the same
            made.vanished[job.replaces] = job.file.sha256
        known = made.ledger.get(uri)
        if known is None or not known[0].snippets:
            outcome = FileOutcome(uri, FileState.FAILED, error.message)
            self.index.settle(outcome, stat)
        else:
            outcome = kept_version(known[0], error.message)
            self.index.settle(outcome, stat, known[2])
        return [*keep_parts(uri, made, self.options), outcome]


def _removed(uris: Iterable[str]) -> _Settled:
    return [FileOutcome(uri, FileState.REMOVED, GONE) for uri in uris]
