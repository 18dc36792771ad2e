"""A folder -> the index: what is new is parsed and embedded, what changed is replaced, what vanished is
removed with its vectors, what is as it was costs one stat. Every path met ends in one ledger state."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli import parsers
from ragcli.errors import UnreadableFile
from ragcli.failpoints import failpoint
from ragcli.plan import BINARY, IngestOptions, Plan, kept_version, read_file, state_of, survey
from ragcli.sandbox import Sandbox
from ragcli.types import NO_STAT, File, FileOutcome, FileState, IngestReport, Parsed

if TYPE_CHECKING:
    from ragcli.index import Index


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
    paths: Sequence[Path], index: Index, *, options: IngestOptions = IngestOptions(), on_file: OnFile = lambda *_: None
) -> IngestReport:
    """Brings `index` up to date with `paths`. A bad file is a `failed` outcome; MissingError for a path
    that is not there, UsageError where so much vanished that the disk is probably not mounted."""
    started = time.monotonic()
    outcomes: list[FileOutcome] = []
    plan = survey(paths, index, options)
    failpoint("ingest.planned")
    total, total_bytes = len(plan.to_read), sum(found.stat.size_bytes for _, found in plan.to_read if found.stat)
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
    with Sandbox() as sandbox:
        for outcome, size_bytes in _read_all(plan, index, options, sandbox):
            settled(outcome, size_bytes)
    # 3. what vanished
    failpoint("ingest.before_prune")
    index.drop([*plan.vanished, *plan.forgotten])
    failpoint("ingest.after_prune")
    for uri in plan.vanished:
        settled(FileOutcome(uri, FileState.REMOVED, "no longer there"))
    # 4. the ledger of what was not read, and the cache
    failpoint("ingest.before_ledger")
    index.record(plan.left_out, [o.uri for o in plan.known if o.state is FileState.UNCHANGED])
    erased = any(outcome.state in (FileState.REMOVED, FileState.UPDATED, FileState.NO_TEXT) for outcome in outcomes)
    index.publish(erased=erased)
    return IngestReport(tuple(outcomes), index.embedded, index.reused, time.monotonic() - started)


@dataclass(slots=True)
class _Job:
    """A file on its way through the parser."""

    file: File
    state: FileState
    replaces: str


def _read_all(made: Plan, index: Index, options: IngestOptions, sandbox: Sandbox) -> Iterator[tuple[FileOutcome, int]]:
    """(outcome, bytes) of each file to be read, stored as it comes."""
    early: list[tuple[FileOutcome, int]] = []

    def jobs() -> Iterator[tuple[_Job, bytes, str]]:
        for uri, found in made.to_read:
            size_bytes = found.stat.size_bytes if found.stat else 0
            try:
                raw, status = read_file(found.path, options.walk.max_file_bytes)
            except UnreadableFile as error:
                early.append((_failed(uri, error, made, index), size_bytes))
                continue
            failpoint("ingest.after_read")
            file = File(uri, status, hashlib.sha256(raw).hexdigest())
            name = os.path.basename(found.path)
            if parsers.kind_of(raw[: parsers.HEAD_BYTES], name) is None:
                outcome = FileOutcome(uri, FileState.SKIPPED, BINARY)
                index.settle(outcome, status, file.sha256, drop=(uri,))
                early.append((outcome, size_bytes))
                continue
            state, before = state_of(uri, file, made)
            if state is FileState.UNCHANGED and uri not in made.unlabelled:
                outcome = replace(made.ledger[uri][0], state=FileState.UNCHANGED, reason="")
                index.settle(outcome, status, file.sha256)
                early.append((outcome, size_bytes))
                continue
            if state is FileState.UNCHANGED:
                state = FileState.UPDATED
            yield _Job(file, state, before), raw, name

    for job, parsed in sandbox.map(jobs()):
        failpoint("ingest.after_parse")
        yield from early
        early.clear()
        yield _store(job, parsed, made, index, options), job.file.stat.size_bytes
    yield from early


def _store(job: _Job, parsed: Parsed | UnreadableFile, made: Plan, index: Index, options: IngestOptions) -> FileOutcome:
    file = job.file
    try:
        if isinstance(parsed, UnreadableFile):
            raise parsed
        failpoint("ingest.before_put")
        outcome = index.put(file, parsed, state=job.state, metadata=options.metadata, replaces=job.replaces)
        failpoint("ingest.after_put")
    except UnreadableFile as error:
        if job.replaces:  # the file it was renamed from is gone all the same
            made.vanished[job.replaces] = file.sha256
        return _failed(file.uri, error, made, index)
    return outcome


def _failed(uri: str, error: UnreadableFile, made: Plan, index: Index) -> FileOutcome:
    """The ledger line of a file that cannot be taken in; what was ingested of it before stays."""
    known = made.ledger.get(uri)
    if known is None or not known[0].snippets:
        outcome = FileOutcome(uri, FileState.FAILED, error.message)
        index.settle(outcome, NO_STAT)
    else:
        outcome = kept_version(known[0], error.message)
        index.settle(outcome, NO_STAT, known[2])
    return outcome
