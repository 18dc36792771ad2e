"""Every check of an index and of what it runs on. Writes nothing; each failed check names the command that mends it."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ragcli import installation, segments
from ragcli.audit import NAMED, Mends, audit, named
from ragcli.database import NAME
from ragcli.errors import RagcliError
from ragcli.location import concern
from ragcli.lock import writer
from ragcli.plan import INDEXED, path_of
from ragcli.reports import Check, Verdict
from ragcli.rows import Pins
from ragcli.scratch import NAME as SCRATCH
from ragcli.store import Store
from ragcli.types import NO_STAT, PIPED
from ragcli.walk import stat_of

if TYPE_CHECKING:
    pass

SPARE: Final = 100 << 20
"""Bytes that should be free beside as much as the store has: what a rebuild takes for a while."""
LEFTOVERS: Final = ("*.tmp", "*.tmp-journal")
STAGING: Final = (".ragcli-import-*", ".ragcli-export-*")


def examine(folder: Path, *, model: str, deep: bool = False, flag: str = "", expected: bool = True) -> list[Check]:
    """All checks, in order. `model` is the embedder to look for where the index names none, `flag` what its commands
    have to say of the index (" --index DIR"); an index that is not there fails only if it is `expected`."""
    checks = [installation.packages(), installation.sqlite()]
    base = Path(os.path.abspath(folder)).parent
    mends = Mends(folder, base, flag, model)
    if not (folder / NAME).is_file():
        verdict = Verdict.FAILED if expected else Verdict.WARNING
        missing = Check("index", verdict, f"no index at {folder}", f"ragcli ingest{flag} FOLDER")
        return [*checks, installation.model(model, None, deep=deep, mend=""), missing]
    try:
        store = Store.open(folder)
    except RagcliError as error:
        mend = mends.anew() if "doctor" in error.hint else error.hint.rpartition(": ")[2]
        broken = Check("index", Verdict.FAILED, error.message, mend)
        return [*checks, installation.model(model, None, deep=deep, mend=""), permissions(folder), broken]
    with closing(store):
        store.hold()  # an ingest beside us is no damage
        pins = _pins(store)
        mends = Mends(folder, base, flag, pins.embedder if pins else model)
        checks.append(installation.model(mends.embedder, pins, deep=deep, mend=mends.embed()))
        checks += [permissions(folder), place(folder), lock(folder), space(folder)]
        checks += audit(store, mends, deep=deep)
        checks += [cache(folder, store, pins, mends, deep=deep), leftovers(folder), files(store, base, flag)]
    return checks


def _pins(store: Store) -> Pins | None:
    """None where there are none, or none that make sense: the audit says so."""
    try:
        found = store.pins()
    except (RagcliError, sqlite3.DatabaseError, UnicodeDecodeError):
        return None
    return found if found is not None and isinstance(found.embedder, str) and type(found.dim) is int else None


def permissions(folder: Path) -> Check:
    """What others may read of the folder or the files in it."""
    if os.name == "nt":
        return Check("permissions", Verdict.OK, "as the folder's")
    entries = (folder, *sorted(folder.iterdir()))
    open_to_others = [path for path in entries if not path.is_symlink() and path.lstat().st_mode & 0o077]
    if open_to_others:
        named = ", ".join(path.name for path in open_to_others[:NAMED])
        mend = f"chmod -R go= {shlex.quote(str(folder))}"
        return Check("permissions", Verdict.FAILED, f"other users have access to {named}", mend)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        return Check("permissions", Verdict.WARNING, f"{folder} belongs to another user")
    return Check("permissions", Verdict.OK, "only you can read the index")


def lock(folder: Path) -> Check:
    """Whether somebody writes now: then what is checked is the last commit."""
    owner = writer(folder)
    if owner:
        return Check("lock", Verdict.WARNING, f"{owner} is writing; what is checked is its last commit")
    return Check("lock", Verdict.OK, "nobody is writing")


def place(folder: Path) -> Check:
    """Whether the folder lies where locks and logs of a database hold."""
    if why := concern(folder):
        return Check(
            "place", Verdict.WARNING, f"{why}: an index may be damaged there; keep it elsewhere with --index DIR"
        )
    return Check("place", Verdict.OK, "on a disk of this machine, as far as can be seen")


def space(folder: Path) -> Check:
    """Room on the disk for as much again as the store has."""
    free, size = shutil.disk_usage(folder).free, (folder / NAME).stat().st_size
    detail = f"{free / 2**20:,.0f} MiB free, the store has {size / 2**20:,.1f}"
    if free < size + SPARE:
        return Check("space", Verdict.WARNING, f"{detail}: too little for a rebuild")
    return Check("space", Verdict.OK, detail)


def cache(folder: Path, store: Store, pins: Pins | None, mends: Mends, *, deep: bool) -> Check:
    """The caches' files are those that were written, with `deep` to the byte, and hold what the store holds."""
    name, behind, rows = "cache", "", []
    for each in (segments.TERMS, segments.vectors(pins.dim if pins else 1)):
        try:
            found = segments.look(folder, store, each, deep=deep)
            held = np.setdiff1d(found.ids, store.covered.gone(each.name))
        except RagcliError as error:
            return Check(name, Verdict.FAILED, error.message, error.hint)
        except (ValueError, KeyError, TypeError, sqlite3.DatabaseError) as error:
            return Check(name, Verdict.FAILED, f"its record in the store is damaged: {error}", mends.rebuild())
        if found.problem:
            return Check(name, Verdict.FAILED, f"{found.problem}; every search makes it anew", mends.rebuild())
        wanted = store.count()[1 if each is segments.TERMS else 2]
        if len(held) > wanted:
            return Check(name, Verdict.FAILED, f"other {each.name} than the store has", mends.rebuild())
        if len(held) < wanted or len(held) < len(found.ids):
            behind = "behind the store; every search catches it up" if len(found.ids) else "never written"
        rows.append(f"{len(held):,} {'snippets' if each is segments.TERMS else 'vectors'}")
    if behind:
        return Check(name, Verdict.WARNING, behind, mends.rebuild())
    return Check(name, Verdict.OK, f"{' and '.join(rows)}, as written" if any(rows) else "nothing to hold")


def leftovers(folder: Path) -> Check:
    """Files of a command that was killed."""
    found = sorted(
        path
        for patterns, place in ((LEFTOVERS, folder), (STAGING, folder.parent), (STAGING, folder))
        for pattern in patterns
        for path in place.glob(pattern)
    )
    if folder / SCRATCH in found:
        detail = f"{SCRATCH}: a rebuild with another model was not finished"
        mend = f"rm {shlex.quote(str(folder / SCRATCH))}*"
        return Check("leftovers", Verdict.WARNING, f"{detail}; run it again, or drop what it has", mend)
    if found:
        names = ", ".join(path.name for path in found[:NAMED])
        return Check(
            "leftovers", Verdict.WARNING, f"from a killed command: {names}", f"rm -r {shlex.join(map(str, found))}"
        )
    return Check("leftovers", Verdict.OK, "none")


def files(store: Store, base: Path, flag: str) -> Check:
    """Documents whose file is gone or has another stat than when it was read. A part of a file (an attachment) is
    known by that file, and what was never a file (standard input) by nothing."""
    changed, vanished, total = [], [], 0
    try:
        ledger = store.ledger.lines()
    except (ValueError, TypeError, RecursionError, sqlite3.DatabaseError):
        return Check("files", Verdict.WARNING, "not looked at: the ledger is damaged")
    for uri, (outcome, known, _) in ledger.items():
        if known == NO_STAT or known.ctime_ns == PIPED or outcome.state not in INDEXED:
            continue
        total += 1
        try:
            status = os.stat(path_of(uri, base))
        except NotADirectoryError:
            continue
        except (OSError, ValueError):
            vanished.append(uri)
            continue
        if not stat.S_ISREG(status.st_mode) or stat_of(status) != known:
            changed.append(uri)
    if not changed and not vanished:
        return Check("files", Verdict.OK, f"{total:,} files as they were when they were read")
    detail = f"since the last ingest {len(changed):,} changed, {len(vanished):,} vanished"
    commands = [_command("ingest", flag, changed, base), _command("rm --yes", flag, vanished, base)]
    return Check(
        "files", Verdict.WARNING, f"{detail}: {named([*changed, *vanished])}", "; ".join(filter(None, commands))
    )


def _command(verb: str, flag: str, uris: Sequence[str], base: Path) -> str:
    """The command for these files, or for the folder that holds them all where they are many."""
    if not uris:
        return ""
    paths = [path_of(uri, base) for uri in uris]
    if len(paths) > NAMED:
        folder = Path(os.path.commonpath([os.path.dirname(path) for path in paths]))
        there = next(place for place in (folder, *folder.parents) if place.is_dir())
        return f"ragcli ingest{flag} {shlex.quote(str(there))}"
    return f"ragcli {verb}{flag} {shlex.join(paths)}"
