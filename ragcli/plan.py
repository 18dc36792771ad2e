"""What an ingest has to do: the difference between what a walk finds and what the ledger knows.

A file inside a file (an attachment) has the uri `<uri of the file>/<name>`: a real file has nothing below it.
Its ledger line counts as met when the file that holds it was met.
"""

from __future__ import annotations

import os
import stat as stat_module
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragcli.errors import MissingError, UnreadableFile, UsageError
from ragcli.failpoints import failpoint
from ragcli.ledger import Line
from ragcli.private import open_itself
from ragcli.types import AGAIN, PIPED, Fields, File, FileOutcome, FileState, Stat
from ragcli.walk import Found, WalkOptions, part_reason, stat_of, walk

if TYPE_CHECKING:
    from ragcli.index import Index

INDEXED: Final = frozenset({FileState.ADDED, FileState.UPDATED, FileState.UNCHANGED, FileState.RENAMED})
SETTLED: Final = frozenset({FileState.NO_TEXT, FileState.SKIPPED})
"""States that reading the same bytes again would only repeat."""
GONE: Final = "no longer there"
PRUNE_LIMIT: Final = 10
"""More vanished files than this, and more than half of all, look like a disk that is not mounted."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """`metadata` is added to every document; `verify` reads and hashes even what looks unchanged; `listed`: the
    paths are from a list, where one that is gone stops nothing; `passwords` are tried on encrypted files."""

    metadata: Fields = ()
    verify: bool = False
    prune_all: bool = False
    listed: bool = False
    passwords: tuple[str, ...] = field(default=(), repr=False)
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
    parts: dict[str, list[str]] = field(default_factory=dict)
    """uri -> the lines below it: if it is a file, those of the files inside it, and inside these."""
    again: set[str] = field(default_factory=set)
    """Files that are parsed even if they did not change, since a part of them failed or was left out before."""

    def renamed_from(self, sha256: str) -> str:
        """The vanished uri that had this content, "" if none; it is then no longer vanished."""
        for uri, known in self.vanished.items():
            if known == sha256:
                del self.vanished[uri]
                return uri
        return ""


def removals(made: Plan) -> Iterator[FileOutcome]:
    """What vanished, with the reason: it is gone, or what it lies in is left out now."""
    reasons = {outcome.uri: outcome.reason for outcome, _ in made.left_out if outcome.state is FileState.SKIPPED}
    for uri in made.vanished:
        reason = next((reasons[holder] for holder in holders(uri) if holder in reasons), GONE)
        yield FileOutcome(uri, FileState.REMOVED, reason)


def uri_of(path: str, base: Path) -> str:
    """Relative to `base` inside it, else absolute: an index moves with the folder that it lies in."""
    relative = os.path.relpath(path, base)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep) or os.path.isabs(relative)
    return path if outside else relative


def path_of(uri: str, base: Path) -> str:
    """Where a uri's file lies."""
    return os.path.join(base, uri)


def holders(uri: str) -> Iterator[str]:
    """The uris that may hold the file `uri` inside them, innermost first."""
    while (uri := uri.rpartition("/")[0]) != "":
        yield uri


def survey(paths: Sequence[Path], index: Index, options: IngestOptions) -> Plan:
    """Walks `paths`. MissingError for one that is not there, UsageError where too much vanished to be true."""
    roots, gone = _roots(paths, options)
    made = _started(index, options)
    met: set[str] = set()
    whole: set[str] = set()  # files, whose parts are met with them
    unlisted: list[str] = []
    for found in walk(roots, options.walk, index_folder=str(index.folder)):
        uri = uri_of(found.path, index.base)
        met.add(uri)
        if found.folder and found.state is FileState.FAILED:
            unlisted.append(found.path + os.sep)
        elif found.state is not FileState.SKIPPED:
            whole.add(uri)
        _sort(uri, found, made, options)
    failpoint("walk.done")
    for uri in (uri_of(path, index.base) for path in gone):
        if uri not in made.ledger and uri not in met:
            made.left_out.append((FileOutcome(uri, FileState.FAILED, "no such file or folder"), ""))
    under = tuple(root.rstrip(os.sep) + os.sep for root in [*filter(os.path.isdir, roots), *gone])
    for uri in made.ledger.keys() - met:
        path = path_of(uri, index.base) + os.sep
        if path.startswith(under) and not path.startswith(tuple(unlisted)) and not _is_kept(uri, whole, made):
            _vanish(uri, made)
    indexed = sum(outcome.state in INDEXED for outcome, _, _ in made.ledger.values())
    many = len(made.vanished) > PRUNE_LIMIT and 2 * len(made.vanished) > indexed
    if many and not made.to_read and not options.prune_all:
        message = f"{len(made.vanished)} of {indexed} indexed files are gone: is the disk mounted?"
        raise UsageError(message, "if they really are gone, add --prune-all")
    return made


def _roots(paths: Sequence[Path], options: IngestOptions) -> tuple[list[str], list[str]]:
    """Absolute paths: those to walk, and those of a list that are gone."""
    roots, gone = [], []
    for path in paths:
        absolute = os.path.abspath(path)
        if os.path.exists(absolute):
            roots.append(absolute)
        elif options.listed:
            gone.append(absolute)
        else:
            shown = os.fspath(path)
            raise MissingError(f"{shown}: no such file or folder", f"to forget it: ragcli rm {shown}")
    return roots, gone


def _started(index: Index, options: IngestOptions) -> Plan:
    """What the ledger knows, before anything is looked at."""
    made = Plan(index.store.ledger.lines())
    for uri in made.ledger:
        for holder in holders(uri):
            if holder in made.ledger:
                made.parts.setdefault(holder, []).append(uri)
    made.unlabelled = _unlabelled(index, options.metadata)
    made.unlabelled |= {holder for uri in made.unlabelled for holder in holders(uri) if holder in made.ledger}
    return made


def _is_kept(uri: str, whole: set[str], made: Plan) -> bool:
    """Whether what was not met is there all the same: it came through a pipe, or inside a file that is there."""
    if any(holder in whole for holder in holders(uri)):
        return True
    lines = (made.ledger.get(each) for each in (uri, *holders(uri)))
    return any(line is not None and line[1].ctime_ns == PIPED for line in lines)


def _vanish(uri: str, made: Plan) -> None:
    outcome, _, sha256 = made.ledger[uri]
    if outcome.state in INDEXED or outcome.snippets:
        made.vanished[uri] = sha256
    else:
        made.forgotten.append(uri)


def _sort(uri: str, found: Found, made: Plan, options: IngestOptions) -> None:
    """Puts one find where it belongs in the plan."""
    known = made.ledger.get(uri)
    if found.state is FileState.SKIPPED:
        removed = "; what the index had of it is removed" if known is not None and known[0].snippets else ""
        made.left_out.append((FileOutcome(uri, found.state, found.reason + removed), ""))
        return
    if found.state is FileState.FAILED:
        if known is not None and known[0].snippets:
            made.left_out.append((kept_version(known[0], found.reason), known[2]))
        else:
            made.left_out.append((FileOutcome(uri, found.state, found.reason), ""))
        if not found.folder:
            keep_parts(uri, made, options)
        return
    if _is_open(uri, made, options):
        parts = made.parts.get(uri, ())
        made.again |= {uri, *(part for part in parts if part in made.parts or made.ledger[part][1] == AGAIN)}
    unread = known is not None and known[1] == found.stat and known[0].state in INDEXED | SETTLED
    if known is None or not unread or options.verify or uri in made.unlabelled or uri in made.again:
        made.to_read.append((uri, found))
    else:
        made.known.append(as_unchanged(known[0]))
        keep_parts(uri, made, options)


def keep_parts(uri: str, made: Plan, options: IngestOptions) -> list[FileOutcome]:
    """The parts of a file that is not parsed anew: they stay as they are, without what the user now leaves out."""
    outcomes = []
    for part in made.parts.get(uri, ()):
        outcome = made.ledger[part][0]
        reason = part_reason(_within(part, uri), options.walk)
        if reason:
            made.left_out.append((FileOutcome(part, FileState.SKIPPED, reason), ""))
            outcomes.append(made.left_out[-1][0])
        else:
            made.known.append(as_unchanged(outcome))
            outcomes.append(made.known[-1])
    return outcomes


def _within(part: str, holder: str) -> str:
    """A part's uri from its holder's name on: "mail.eml/a.pdf"."""
    return part[holder.rfind("/") + 1 :]


def _is_open(uri: str, made: Plan, options: IngestOptions) -> bool:
    """Whether a file must be parsed again for its parts: one was removed, failed, or was left out and is wanted now."""
    if uri in made.ledger and made.ledger[uri][1] == AGAIN:
        return True
    for part in made.parts.get(uri, ()):
        outcome, _, sha256 = made.ledger[part]
        if outcome.state is FileState.FAILED:
            return True
        if outcome.state is FileState.SKIPPED and not sha256 and not part_reason(_within(part, uri), options.walk):
            return True
    return False


def as_unchanged(known: FileOutcome) -> FileOutcome:
    """The outcome of what is as it was."""
    return replace(known, state=FileState.UNCHANGED, reason="") if known.state in INDEXED else known


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


def read_file(path: str, limit_bytes: int) -> tuple[bytes, Stat]:
    """A regular file's bytes and the stat they belong to. Never follows a link that was put in its place,
    never waits for a FIFO. UnreadableFile where it cannot be read, is too large, or keeps changing."""
    for _ in range(2):
        try:
            with open(path, "rb", opener=open_itself) as file:
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
