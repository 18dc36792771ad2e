"""Whether all parts of an index agree: counts always; with `deep` every digest, checksum, text and term. Reads only."""

from __future__ import annotations

import shlex
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np

from ragcli import tuning
from ragcli.census import Census, StoredWindow
from ragcli.database import MIGRATIONS, NAME, blank, schema_of
from ragcli.errors import DamagedIndex
from ragcli.index import ANALYSIS
from ragcli.plan import INDEXED
from ragcli.prepare import STRIDE_TOKENS, WINDOW_TOKENS, header_of, terms_of, window_digest
from ragcli.reports import Check, Verdict
from ragcli.rows import Pins, ref_of
from ragcli.store import Store
from ragcli.types import Document, Snippet

NAMED: Final = 3
"""Files named in one line."""
UNIT: Final = 1e-3
"""How far from 1 a vector's length may be."""


@dataclass(frozen=True, slots=True)
class Mends:
    """The commands that mend an index. `flag` is "" or what has to follow each verb, such as " --index DIR"."""

    folder: Path
    base: Path
    flag: str = ""
    embedder: str = ""

    def rebuild(self) -> str:
        """For search indexes that disagree with the store."""
        return f"ragcli rebuild{self.flag}"

    def embed(self) -> str:
        """For vectors that are damaged or missing."""
        return f"ragcli rebuild{self.flag} --embedder {shlex.quote(self.embedder)}"

    def again(self, uris: Sequence[str]) -> str:
        """For documents whose rows are damaged; for many of them, all anew."""
        if len(uris) > NAMED:
            return self.anew()
        paths = shlex.join(str(self.base / uri) for uri in uris)
        return f"ragcli rm{self.flag} --yes {paths}; ragcli ingest{self.flag} {paths}"

    def anew(self) -> str:
        """For a store that cannot be believed."""
        store = shlex.quote(str(self.folder / NAME))
        return f"rm {store}*; ragcli ingest{self.flag} {shlex.quote(str(self.base))}"


@dataclass(slots=True)
class _Audit:
    """What the checks look at."""

    store: Store
    census: Census
    mends: Mends


def audit(store: Store, mends: Mends, *, deep: bool) -> list[Check]:
    """One check a part. What does not hold is a failed check; no error is raised for damage, however odd."""
    here = _Audit(store, Census(store.connection), mends)
    checks = [_checked(name, check, here) for name, check in _FIRST]
    if not any(check.verdict is Verdict.FAILED for check in checks[1:]):  # what follows needs its tables and pins
        checks += [_checked(name, check, here) for name, check in _COUNTS]
        checks += _deep(here) if deep else []
    return checks


def _checked(name: str, check: Callable[[_Audit], str | tuple[str, str]], here: _Audit) -> Check:
    """`check` returns what holds, or what does not with its mend."""
    try:
        found = check(here)
    except DamagedIndex as error:
        found = error.message, here.mends.anew()
    except sqlite3.DatabaseError as error:
        found = f"cannot be read: {error}", here.mends.rebuild() if name.startswith("terms") else here.mends.anew()
    except (ValueError, TypeError, RecursionError) as error:
        found = f"holds what ragcli did not write: {error}", here.mends.anew()
    if isinstance(found, str):
        return Check(name, Verdict.OK, found)
    return Check(name, Verdict.FAILED, *found)


def _database(here: _Audit) -> str | tuple[str, str]:
    complaints = here.census.complaints()
    return ("; ".join(complaints), here.mends.anew()) if complaints else "SQLite finds no damage"


def _schema(here: _Audit) -> str | tuple[str, str]:
    """A file that declares anything else (a trigger, a view) is not ours, whatever it says."""
    problem = schema_problem(here.store.connection)
    if problem == "terms":
        return "the index of terms is not there or another one", here.mends.rebuild()
    return (problem, here.mends.anew()) if problem else "the tables are those of this version"


def schema_problem(connection: sqlite3.Connection, version: int = len(MIGRATIONS)) -> str:
    """What differs from our schema (of that `version`), "" if nothing does; "terms" if only those tables do."""
    with closing(blank(version)) as ours:
        wanted, found = schema_of(ours), schema_of(connection)
    names = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if names and all(name.split("_")[0] == "terms" and name in wanted for name in names):
        return "terms"
    return f"the database declares other things than ragcli does: {', '.join(names[:NAMED])}" if names else ""


def _pins(here: _Audit) -> str | tuple[str, str]:
    pins = here.store.pins()
    here.store.generation()
    if pins is None:
        documents = here.store.count()[0]
        return ("the index does not say what it was made with", here.mends.anew()) if documents else "no file yet"
    if not _plausible(pins):
        return "what the index says it was made with makes no sense", here.mends.anew()
    if (pins.window_tokens, pins.stride_tokens) != (WINDOW_TOKENS, STRIDE_TOKENS):
        return "the index was cut into windows by other rules", here.mends.embed()
    if pins.analysis != ANALYSIS:
        return "the index was cut into words by other rules", here.mends.rebuild()
    return f"{pins.embedder}, {pins.dim} dimensions, snippets of {pins.min_words}-{pins.max_words} words"


def _tuning(here: _Audit) -> str | tuple[str, str]:
    try:
        own = tuning.changed(tuning.read(here.store.meta(tuning.KEY)))
    except DamagedIndex as error:
        return error.message, f"ragcli tune{here.mends.flag} --reset"
    return f"the index is tuned: {', '.join(f'{name} {value:g}' for name, value in own)}" if own else "the defaults"


def _plausible(pins: Pins) -> bool:
    numbers = [getattr(pins, name) for name in Pins.__slots__ if name not in ("embedder", "fingerprint")]
    texts = isinstance(pins.embedder, str) and isinstance(pins.fingerprint, str)
    return texts and all(type(number) is int and 0 < number <= 1 << 16 for number in numbers)


def _ledger(here: _Audit) -> str | tuple[str, str]:
    ledger, held = here.store.ledger.lines(), here.census.documents()
    told = {uri: line for uri, line in ledger.items() if line[0].state in INDEXED or line[0].snippets}
    wrong = sorted(told.keys() ^ held.keys())
    for uri in told.keys() & held.keys():
        outcome, _, sha256 = told[uri]
        if (sha256, outcome.snippets) != held[uri] or not held[uri][1]:
            wrong.append(uri)
    if wrong:
        return f"ledger and documents differ: {named(wrong)}", here.mends.again(wrong)
    return f"{len(ledger):,} files, {len(held):,} of them documents"


def _windows(here: _Audit) -> str | tuple[str, str]:
    bare = here.census.without_windows()
    if bare:
        return f"{bare:,} snippets have no window", here.mends.embed()
    _, snippets, windows = here.store.count()
    return f"{snippets:,} snippets, {windows:,} windows"


def _terms(here: _Audit) -> str | tuple[str, str]:
    missing, loose = here.census.without_terms(), here.census.loose_terms()
    if missing or loose:
        return f"{missing:,} snippets without terms, {loose:,} terms without a snippet", here.mends.rebuild()
    return "every snippet can be found by its words"


_FIRST: Final = (("database", _database), ("schema", _schema), ("pins", _pins))
_COUNTS: Final = (("tuning", _tuning), ("ledger", _ledger), ("windows", _windows), ("terms", _terms))


@dataclass(slots=True)
class _Found:
    """Documents with damaged texts, vectors and terms, and how often each term ought to be indexed."""

    texts: list[str] = field(default_factory=list)
    vectors: list[str] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    documents: int = 0


def _deep(here: _Audit) -> list[Check]:
    found = _Found()

    def texts(here: _Audit) -> str | tuple[str, str]:
        _read(here, found)
        if found.texts:
            return f"damaged text: {named(found.texts)}", here.mends.again(found.texts)
        return f"{found.documents:,} documents: every snippet is the slice it says it is"

    def vectors(here: _Audit) -> str | tuple[str, str]:
        if found.vectors:
            return f"damaged vectors: {named(found.vectors)}", here.mends.embed()
        return "every vector has its checksum and belongs to its text"

    def terms(here: _Audit) -> str | tuple[str, str]:
        if found.terms:
            return f"terms that are not the text's: {named(found.terms)}", here.mends.rebuild()
        return "every snippet's terms are those of its text"

    steps = (("texts", texts), ("vectors", vectors), ("terms in depth", terms))
    return [_checked(name, step, here) for name, step in steps]


def _read(here: _Audit, found: _Found) -> None:
    pins = here.store.pins()
    for uri in here.census.documents():
        found.documents += 1
        try:
            document, snippets = here.store.document(uri), here.store.snippets_of(uri)
            sound = document is not None and _texts_hold(document, snippets)
        except (DamagedIndex, ValueError, TypeError, RecursionError):
            sound = False
        if not sound or document is None:
            found.texts.append(uri)
            continue
        if pins is None or not _vectors_hold(document, snippets, here.census.windows_of(uri), pins):
            found.vectors.append(uri)
        if not _terms_hold(here, uri, snippets):
            found.terms.append(uri)


def _texts_hold(document: Document, snippets: Sequence[Snippet]) -> bool:
    """Slices, refs, lines and pages as they follow from the document; fields of the right shape."""
    text, starts = document.text, [page.start for page in document.pages]
    if (
        not _pairs((*document.metadata, *(("", page.label) for page in document.pages)))
        or starts != sorted(starts)
        or any(not 0 <= start <= len(text) for start in starts)
    ):
        return False
    breaks = [at for at, character in enumerate(text) if character == "\n"]
    for snippet in snippets:
        start, end = snippet.start, snippet.end
        if not (0 <= start < end <= len(text) and text[start:end] == snippet.text and _pairs(snippet.fields)):
            return False
        lines = bisect_right(breaks, start - 1) + 1, bisect_right(breaks, end - 1) + 1
        first = max(1, bisect_right(starts, start))
        pages = tuple(range(first, bisect_right(starts, end - 1) + 1))
        labels = tuple(document.pages[number - 1].label for number in pages)
        if (snippet.lines, snippet.pages, snippet.page_labels) != (lines, pages, labels):
            return False
        if snippet.ref != ref_of(document.uri, document.sha256, start, end) or snippet.fields[0][0] != "title":
            return False
    return bool(snippets)


def _pairs(fields: Iterable[tuple[object, object]]) -> bool:
    return all(isinstance(key, str) and isinstance(value, str) for key, value in fields)


def _vectors_hold(document: Document, snippets: Sequence[Snippet], rows: Sequence[StoredWindow], pins: Pins) -> bool:
    """Checksum, length, unit norm, span, and the digest of the text that was embedded."""
    owners = {snippet.id: snippet for snippet in snippets}
    for row in rows:
        snippet = owners[row.snippet_id]
        if crc32(row.vector) != row.crc or len(row.vector) != 4 * pins.dim:
            return False
        norm = float(np.linalg.norm(np.frombuffer(row.vector, np.float32)))
        if not abs(norm - 1) < UNIT or not 0 <= row.start < row.end <= len(snippet.text):
            return False
        body = snippet.text[row.start : row.end]
        # whether the title was stated by the file, and so embedded, is not stored
        texts = (f"{header_of(title, snippet.fields)}\n{body}".lstrip("\n") for title in (document.title, ""))
        if row.digest not in {window_digest(pins.fingerprint, text) for text in texts}:
            return False
    return True


def _terms_hold(here: _Audit, uri: str, snippets: Sequence[Snippet]) -> bool:
    sound = True
    for snippet in snippets:
        body, header = terms_of(uri, snippet.text, snippet.fields)
        sound &= here.census.terms(snippet.id) == (" ".join(header), " ".join(body))
    return sound


def named(uris: Sequence[str]) -> str:
    """The first of them, and how many more."""
    more = f" and {len(uris) - NAMED:,} more" if len(uris) > NAMED else ""
    return ", ".join(uris[:NAMED]) + more
