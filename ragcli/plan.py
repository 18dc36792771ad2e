"""What an ingest has to do: the difference between what a walk finds and what the ledger knows."""

from __future__ import annotations

import hashlib
import os
import stat as stat_module
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragcli import parsers
from ragcli.errors import MissingError, UnreadableFile, UsageError
from ragcli.failpoints import failpoint
from ragcli.ledger import Line
from ragcli.types import Fields, File, FileOutcome, FileState, Stat
from ragcli.walk import Found, WalkOptions, stat_of, walk

if TYPE_CHECKING:
    from ragcli.index import Index

INDEXED: Final = frozenset({FileState.ADDED, FileState.UPDATED, FileState.UNCHANGED, FileState.RENAMED})
SETTLED: Final = frozenset({FileState.NO_TEXT, FileState.SKIPPED})
"""States that reading the same bytes again would only repeat."""
BINARY: Final = "binary, and no format that is known"
PRUNE_LIMIT: Final = 10
"""More vanished files than this, and more than half of all, look like a disk that is not mounted."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """`metadata` is added to every document; `verify` reads and hashes even what looks unchanged."""

    metadata: Fields = ()
    verify: bool = False
    prune_all: bool = False
    walk: WalkOptions = field(default_factory=WalkOptions)


@dataclass(slots=True)
class Plan:
    """What a walk found, beside what the ledger knows: the difference is the work."""

    ledger: dict[str, Line]
    to_read: list[tuple[str, Found]] = field(default_factory=list)
    known: list[FileOutcome] = field(default_factory=list)
    left_out: list[tuple[FileOutcome, str]] = field(default_factory=list)
    """Outcome, and the sha256 of the version that stays stored, "" if none does."""
    vanished: dict[str, str] = field(default_factory=dict)
    """uri -> sha256; a new file with that content is the old one renamed."""
    unlabelled: set[str] = field(default_factory=set)
    """Documents without the metadata that the user now gives: as good as changed."""
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


def survey(paths: Sequence[Path], index: Index, options: IngestOptions) -> Plan:
    """Walks `paths`. MissingError for one that is not there, UsageError where too much vanished to be true."""
    roots = []
    for path in paths:
        absolute = os.path.abspath(path)
        if not os.path.exists(absolute):
            raise MissingError(
                f"{os.fspath(path)}: no such file or folder", f"to forget it: ragcli rm {os.fspath(path)}"
            )
        roots.append(absolute)
    made = Plan(index.store.ledger.lines())
    made.unlabelled = _unlabelled(index, options.metadata)
    met: set[str] = set()
    unlisted: list[str] = []
    for found in walk(roots, options.walk, index_folder=str(index.folder)):
        uri = uri_of(found.path, index.base)
        met.add(uri)
        if found.folder and found.state is FileState.FAILED:
            unlisted.append(found.path + os.sep)
        _sort(uri, found, made, options, changed=uri in made.unlabelled)
    failpoint("walk.done")
    _find_vanished(made, roots, met, tuple(unlisted), index.base)
    indexed = sum(outcome.state in INDEXED for outcome, _, _ in made.ledger.values())
    many = len(made.vanished) > PRUNE_LIMIT and 2 * len(made.vanished) > indexed
    if many and not made.to_read and not options.prune_all:
        message = f"{len(made.vanished)} of {indexed} indexed files are gone: is the disk mounted?"
        raise UsageError(message, "if they really are gone, add --prune-all")
    return made


def _find_vanished(made: Plan, roots: Sequence[str], met: set[str], unlisted: tuple[str, ...], base: Path) -> None:
    """Ledger lines under the roots whose path was not met, unless it may lie in a folder that cannot be listed."""
    under = tuple(root.rstrip(os.sep) + os.sep for root in roots if os.path.isdir(root))
    for uri, (outcome, _, sha256) in made.ledger.items():
        path = path_of(uri, base)
        if uri in met or not path.startswith(under) or path.startswith(unlisted):
            continue
        if outcome.state in INDEXED or outcome.snippets:
            made.vanished[uri] = sha256
        else:
            made.forgotten.append(uri)


def _sort(uri: str, found: Found, made: Plan, options: IngestOptions, *, changed: bool) -> None:
    """Puts one find where it belongs in the plan."""
    known = made.ledger.get(uri)
    if found.state is FileState.FAILED and known is not None and known[0].snippets:
        made.left_out.append((kept_version(known[0], found.reason), known[2]))
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


def _unlabelled(index: Index, metadata: Fields) -> set[str]:
    if not metadata:
        return set()
    wanted = set(metadata)
    return {document.uri for document in index.store.documents() if not wanted <= set(document.metadata)}


def state_of(uri: str, file: File, made: Plan) -> tuple[FileState, str]:
    """What a file that was read turns out to be, and the uri that it had before if it was renamed."""
    known = made.ledger.get(uri)
    if known is not None and (known[0].state in INDEXED or known[0].snippets):
        return (FileState.UNCHANGED if known[2] == file.sha256 else FileState.UPDATED), ""
    before = made.renamed_from(file.sha256)
    return (FileState.RENAMED if before else FileState.ADDED), before


def forecast(paths: Sequence[Path], index: Index, *, options: IngestOptions = IngestOptions()) -> list[FileOutcome]:
    """What `ingest` would do, by reading and hashing but not parsing; nothing is written."""
    made = survey(paths, index, options)
    outcomes = [*made.known, *(outcome for outcome, _ in made.left_out)]
    for uri, found in made.to_read:
        try:
            raw, status = read_file(found.path, options.walk.max_file_bytes)
        except UnreadableFile as error:
            outcomes.append(FileOutcome(uri, FileState.FAILED, error.message))
            continue
        if parsers.kind_of(raw[: parsers.HEAD_BYTES], os.path.basename(found.path)) is None:
            outcomes.append(FileOutcome(uri, FileState.SKIPPED, BINARY))
            continue
        state, _ = state_of(uri, File(uri, status, hashlib.sha256(raw).hexdigest()), made)
        outcomes.append(FileOutcome(uri, state))
    return [*outcomes, *(FileOutcome(uri, FileState.REMOVED, "no longer there") for uri in made.vanished)]


def read_file(path: str, limit_bytes: int) -> tuple[bytes, Stat]:
    """A regular file's bytes and the stat they belong to. Never follows a link that was put in its place,
    never waits for a FIFO. UnreadableFile where it cannot be read, is too large, or keeps changing."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    for _ in range(2):
        try:
            with open(os.open(path, flags), "rb") as file:
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


def kept_version(known: FileOutcome, reason: str) -> FileOutcome:
    """The outcome of a file that cannot be taken in now but was before."""
    return replace(known, state=FileState.FAILED, reason=f"{reason}; the version ingested before is kept")
