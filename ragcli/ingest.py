"""A folder -> the index: what is new is parsed and embedded, what changed is replaced, what vanished is
removed with its vectors, what is as it was costs one stat. Every path met ends in one ledger state."""

from __future__ import annotations

import hashlib
import os
import stat as stat_module
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragcli import parsers
from ragcli.errors import MissingError, UnreadableFile, UsageError
from ragcli.failpoints import failpoint
from ragcli.sandbox import Sandbox
from ragcli.types import NO_STAT, Fields, File, FileOutcome, FileState, IngestReport, Parsed, Stat
from ragcli.walk import Found, WalkOptions, stat_of, walk

if TYPE_CHECKING:
    from ragcli.index import Index

INDEXED: Final = frozenset({FileState.ADDED, FileState.UPDATED, FileState.UNCHANGED, FileState.RENAMED})
SETTLED: Final = frozenset({FileState.NO_TEXT, FileState.SKIPPED})
"""States that reading the same bytes again would only repeat."""
PRUNE_LIMIT: Final = 10
"""More vanished files than this, and more than half of all, look like a disk that is not mounted."""
HEAD_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """`metadata` is added to every document; `verify` reads and hashes even what looks unchanged."""

    metadata: Fields = ()
    verify: bool = False
    prune_all: bool = False
    walk: WalkOptions = field(default_factory=WalkOptions)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is, counting only files that have to be read; windows encoded so far."""

    done: int
    total: int
    done_bytes: int
    total_bytes: int
    windows: int


OnFile = Callable[[FileOutcome, Progress], None]


@dataclass(slots=True)
class _Plan:
    """What a walk found, beside what the ledger knows: the difference is the work."""

    ledger: dict[str, tuple[FileOutcome, Stat, str]]
    to_read: list[tuple[str, Found]] = field(default_factory=list)
    known: list[FileOutcome] = field(default_factory=list)
    left_out: list[tuple[FileOutcome, str]] = field(default_factory=list)
    """Outcome, and the sha256 of the version that stays stored, "" if none does."""
    vanished: dict[str, str] = field(default_factory=dict)
    """uri -> sha256; a new file with that content is the old one renamed."""
    forgotten: list[str] = field(default_factory=list)
    """Ledger lines without a document whose path is gone."""

    def renamed_from(self, sha256: str) -> str:
        """The vanished uri that had this content, "" if none; it is then no longer vanished."""
        for uri, known in self.vanished.items():
            if known == sha256:
                del self.vanished[uri]
                return uri
        return ""


def uri_of(path: str, base: Path) -> str:
    """Relative to `base` inside it, else absolute: an index moves with the folder that it lies in."""
    relative = os.path.relpath(path, base)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep) or os.path.isabs(relative)
    return path if outside else relative


def path_of(uri: str, base: Path) -> str:
    """Where a uri's file lies."""
    return os.path.join(base, uri)


def ingest(
    paths: Sequence[Path], index: Index, *, options: IngestOptions = IngestOptions(), on_file: OnFile = lambda *_: None
) -> IngestReport:
    """Brings `index` up to date with `paths`. A bad file is a `failed` outcome; MissingError for a path
    that is not there, UsageError where so much vanished that the disk is probably not mounted."""
    started = time.monotonic()
    outcomes: list[FileOutcome] = []
    plan = _plan(paths, index, options)
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


def plan(paths: Sequence[Path], index: Index, *, options: IngestOptions = IngestOptions()) -> list[FileOutcome]:
    """What `ingest` would do, by reading and hashing but not parsing; nothing is written."""
    made = _plan(paths, index, options)
    outcomes = [*made.known, *(outcome for outcome, _ in made.left_out)]
    for uri, found in made.to_read:
        try:
            raw, status = read_file(found.path, options.walk.max_file_bytes)
        except UnreadableFile as error:
            outcomes.append(FileOutcome(uri, FileState.FAILED, error.message))
            continue
        state, _ = _state(uri, File(uri, status, hashlib.sha256(raw).hexdigest()), made, options)
        outcomes.append(FileOutcome(uri, state))
    return [*outcomes, *(FileOutcome(uri, FileState.REMOVED, "no longer there") for uri in made.vanished)]


def read_file(path: str, limit_bytes: int) -> tuple[bytes, Stat]:
    """A regular file's bytes and the stat they belong to. Never follows a link that was put in its place,
    never waits for a FIFO. UnreadableFile where it cannot be read, is too large, or keeps changing."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    for _ in range(2):
        try:
            with open(os.open(os.path.realpath(path) if os.path.islink(path) else path, flags), "rb") as file:
                before = os.fstat(file.fileno())
                if not stat_module.S_ISREG(before.st_mode):
                    raise UnreadableFile("not a regular file")
                raw = file.read(limit_bytes + 1)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise UnreadableFile((error.strerror or str(error)).lower()) from error
        if len(raw) > limit_bytes:
            raise UnreadableFile(f"too large: more than {limit_bytes:,} bytes (--max-file-size)")
        if stat_of(before) == stat_of(after) and len(raw) == after.st_size:
            return raw, stat_of(after)
    raise UnreadableFile("it kept changing while it was read; ingest again when it is at rest")


def _plan(paths: Sequence[Path], index: Index, options: IngestOptions) -> _Plan:
    roots = []
    for path in paths:
        absolute = os.path.abspath(path)
        if not os.path.exists(absolute):
            raise MissingError(
                f"{os.fspath(path)}: no such file or folder", f"to forget it: ragcli rm {os.fspath(path)}"
            )
        roots.append(absolute)
    made = _Plan(index.store.files())
    lacking = _lacking(index, options.metadata)
    met: set[str] = set()
    unlisted: list[str] = []
    for found in walk(roots, options.walk, index_folder=str(index.folder)):
        uri = uri_of(found.path, index.base)
        met.add(uri)
        if found.folder and found.state is FileState.FAILED:
            unlisted.append(found.path + os.sep)
        _sort(uri, found, made, options, changed=uri in lacking)
    failpoint("walk.done")
    prefixes = tuple(root.rstrip(os.sep) + os.sep for root in roots if os.path.isdir(root))
    kept = tuple(unlisted)
    missing = [uri for uri in made.ledger if uri not in met]
    under = [uri for uri in missing if path_of(uri, index.base).startswith(prefixes)]
    gone = [uri for uri in under if not path_of(uri, index.base).startswith(kept)]
    for uri in gone:
        outcome, _, sha256 = made.ledger[uri]
        if outcome.state in INDEXED or outcome.snippets:
            made.vanished[uri] = sha256
        else:
            made.forgotten.append(uri)
    indexed = sum(outcome.state in INDEXED for outcome, _, _ in made.ledger.values())
    if (
        len(made.vanished) > PRUNE_LIMIT
        and 2 * len(made.vanished) > indexed
        and not made.to_read
        and not options.prune_all
    ):
        message = f"{len(made.vanished)} of {indexed} indexed files are gone: is the disk mounted?"
        raise UsageError(message, "if they really are gone, add --prune-all")
    return made


def _sort(uri: str, found: Found, made: _Plan, options: IngestOptions, *, changed: bool) -> None:
    """Puts one find where it belongs in the plan."""
    known = made.ledger.get(uri)
    if found.state is FileState.FAILED and known is not None and known[0].snippets:
        made.left_out.append((_kept(known[0], found.reason), known[2]))
    elif found.state is not None:
        made.left_out.append((FileOutcome(uri, found.state, found.reason), ""))
    elif known is None or known[1] != found.stat or options.verify or changed:
        made.to_read.append((uri, found))
    elif known[0].state in INDEXED:
        made.known.append(replace(known[0], state=FileState.UNCHANGED, reason=""))
    elif known[0].state in SETTLED:
        made.known.append(known[0])
    else:
        made.to_read.append((uri, found))


def _lacking(index: Index, metadata: Fields) -> set[str]:
    """Documents without the metadata that the user now gives: as good as changed."""
    if not metadata:
        return set()
    wanted = set(metadata)
    return {document.uri for document in index.store.documents() if not wanted <= set(document.metadata)}


def _state(uri: str, file: File, made: _Plan, options: IngestOptions) -> tuple[FileState, str]:
    """What a file that was read turns out to be, and the uri that it had before if it was renamed."""
    known = made.ledger.get(uri)
    if known is not None and (known[0].state in INDEXED or known[0].snippets):
        return (FileState.UNCHANGED if known[2] == file.sha256 else FileState.UPDATED), ""
    before = made.renamed_from(file.sha256)
    return (FileState.RENAMED if before else FileState.ADDED), before


@dataclass(slots=True)
class _Job:
    """A file on its way through the parser."""

    file: File
    state: FileState
    replaces: str


def _read_all(made: _Plan, index: Index, options: IngestOptions, sandbox: Sandbox) -> Iterator[tuple[FileOutcome, int]]:
    """(outcome, bytes) of each file to be read, stored as it comes."""
    early: list[tuple[FileOutcome, int]] = []
    lacking = _lacking(index, options.metadata)

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
            if parsers.kind_of(raw[:HEAD_BYTES], name) is None:
                outcome = FileOutcome(uri, FileState.SKIPPED, "binary, and no format that is known")
                index.settle(outcome, status, file.sha256, drop=(uri,))
                early.append((outcome, size_bytes))
                continue
            state, before = _state(uri, file, made, options)
            if state is FileState.UNCHANGED and uri not in lacking:
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


def _store(
    job: _Job, parsed: Parsed | UnreadableFile, made: _Plan, index: Index, options: IngestOptions
) -> FileOutcome:
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


def _failed(uri: str, error: UnreadableFile, made: _Plan, index: Index) -> FileOutcome:
    """The ledger line of a file that cannot be taken in; what was ingested of it before stays."""
    known = made.ledger.get(uri)
    if known is None or not known[0].snippets:
        outcome = FileOutcome(uri, FileState.FAILED, error.message)
        index.settle(outcome, NO_STAT)
    else:
        outcome = _kept(known[0], error.message)
        index.settle(outcome, NO_STAT, known[2])
    return outcome


def _kept(known: FileOutcome, reason: str) -> FileOutcome:
    return replace(known, state=FileState.FAILED, reason=f"{reason}; the version ingested before is kept")
