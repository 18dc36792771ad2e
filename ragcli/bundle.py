"""An index as one file, and back: a tar of two stored members, a manifest and a consistent copy of the store.

The tar is written and read member by member in a fixed order, by nothing but regular files' headers: there is no
path to follow, no link, nothing compressed. Search indexes are not in it: they are made anew from the store.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from ragcli import __version__, segments
from ragcli.audit import Mends, audit, schema_problem
from ragcli.database import MIGRATIONS, NAME, look, version_of
from ragcli.errors import Busy, DamagedIndex, MissingError, StorageError, UsageError
from ragcli.failpoints import failpoint
from ragcli.lock import NAME as LOCK
from ragcli.lock import Patience, WriterLock
from ragcli.private import make_folder, opener, sync_folder
from ragcli.reports import Bundle, Counts, Verdict
from ragcli.store import Store

FORMAT: Final = "ragcli-bundle/1"
MANIFEST: Final = "manifest.json"
MANIFEST_BYTES: Final = 1 << 16
PIECE: Final = 1 << 20
BLOCK: Final = tarfile.BLOCKSIZE
_AGAIN: Final = "get it again, or make one: ragcli export FILE"
YOUNG_S: Final = 60
"""What was made in this time may have a process at work that has not locked it yet."""
ROOM: Final = 3
"""Times a store's size that an import takes for a while: the copy, the log it goes through, the index."""


def export(folder: Path, target: Path, *, replace: bool = False) -> Bundle:
    """Writes the index in `folder`, as of its last commit, to `target`: whole, or not at all.

    UsageError where the target is there and is not to be replaced; DamagedIndex rather than a bundle that no
    `load` would take; MissingError, StorageError.
    """
    if target.is_dir() or (target.exists() and not replace):
        raise UsageError(f"{target} is there already", "name another file, or add --force to replace it")
    if not target.absolute().parent.is_dir():
        raise MissingError(f"{target.absolute().parent}: no such folder", "make it, or name another file")
    with _room_for(target), _staging(target.absolute().parent, "export") as staging:
        with closing(Store.open(folder)) as source, closing(Store.open(staging, write=True)) as copy:
            source.copy_into(copy)
            copy.forget_caches()
            bundle = _sound(copy, staging, str(folder), "ragcli doctor --deep")
            copy.checkpoint()
        temporary = staging / "bundle"
        _write(temporary, staging / NAME, bundle)
        os.replace(temporary, target)
        sync_folder(target.absolute().parent)
    return bundle


def load(file: Path, folder: Path, *, replace: bool = False, patience: Patience = Patience()) -> Bundle:
    """Makes `folder` the index that the bundle holds. Everything is checked in a copy before anything there changes.

    UsageError for an index that has files and is not to be replaced; DamagedIndex for a bundle that does not hold
    what it says; MissingError, Busy, StorageError.
    """
    _refuse_to_replace(folder, replace)
    place = folder.absolute() if folder.is_dir() else _made(folder.absolute().parent)
    with _room_for(folder), _staging(place, "import") as staging:
        _unpack(file, staging)
        failpoint("import.staged")
        _check_schema(staging / NAME, file)
        with closing(Store.open(staging, write=True)) as copy:
            bundle = _sound(copy, staging, str(file), _AGAIN)
            copy.forget_caches()
            failpoint("import.checked")
            _install(copy, folder, replace, patience)
    return bundle


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _staging(place: Path, verb: str) -> Iterator[Path]:
    """A private folder beside the result, on the same disk; gone afterwards, with those that killed commands left."""
    for left in place.glob(f".ragcli-{verb}-*"):
        _sweep(left)
    with tempfile.TemporaryDirectory(prefix=f".ragcli-{verb}-", dir=place) as staging, WriterLock(Path(staging)):
        yield Path(staging)


def _sweep(left: Path) -> None:
    """Removes a folder whose lock nobody holds; one without a lock may just be being made."""
    young = time.time() - left.lstat().st_mtime < YOUNG_S
    if left.is_symlink() or (young and not (left / LOCK).is_file()):
        return
    try:
        with WriterLock(left):
            shutil.rmtree(left)
    except Busy:
        return


@contextmanager
def _room_for(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"no space left beside {target}", "free some space and run it again") from error
        raise


def _sound(store: Store, folder: Path, source: str, hint: str) -> Bundle:
    """What a store holds; DamagedIndex where a check of it, in depth, fails."""
    failed = [check for check in audit(store, Mends(folder, folder), deep=True) if check.verdict is Verdict.FAILED]
    if failed:
        raise DamagedIndex(f"{source} is damaged: {failed[0].name}: {failed[0].detail}", hint)
    pins, counts = store.pins(), Counts(*store.count())
    embedder, fingerprint = (pins.embedder, pins.fingerprint) if pins else ("", "")
    return Bundle(counts, embedder, fingerprint)


# -- the file -------------------------------------------------------------------------------------------


def _write(path: Path, store: Path, bundle: Bundle) -> None:
    with open(store, "rb") as source, open(path, "wb", opener=opener) as file:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        members = [{"name": NAME, "bytes": size, "sha256": digest}]
        told = {"embedder": bundle.embedder, "fingerprint": bundle.fingerprint}
        kind = {"format": FORMAT, "schema": len(MIGRATIONS), "ragcli": __version__}
        manifest = {**kind, **told, **asdict(bundle.counts), "members": members}
        head = (json.dumps(manifest, indent=1) + "\n").encode()
        file.write(_header(MANIFEST, len(head)) + head + _padding(len(head)) + _header(NAME, size))
        shutil.copyfileobj(source, file, PIECE)
        file.write(_padding(size) + bytes(2 * BLOCK))
        file.flush()
        os.fsync(file.fileno())


def _header(name: str, size: int) -> bytes:
    """The same bytes for the same index: no time, no owner."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _unpack(path: Path, staging: Path) -> None:
    """The store of a bundle as a file in `staging`, if it is as long and has the SHA-256 that the manifest says."""
    try:
        file = open(path, "rb", opener=_regular)  # noqa: SIM115 - the error belongs to opening alone
    except OSError as error:
        raise MissingError(f"{path}: {error.strerror}", "name the file that ragcli export wrote") from error
    with file:
        left = os.fstat(file.fileno()).st_size
        size = _member(file, MANIFEST, left, path)
        if size > MANIFEST_BYTES:
            _no_bundle(path, "its manifest is too long")
        member = _manifest(file.read(size), path)
        file.seek(-size % BLOCK, os.SEEK_CUR)
        if _member(file, NAME, left, path) != member["bytes"]:
            _no_bundle(path, "the store is not as long as the manifest says")
        if shutil.disk_usage(staging).free < ROOM * member["bytes"]:
            raise StorageError(f"{path} needs {ROOM * member['bytes']:,} bytes for a while", "free some space")
        digest, rest = hashlib.sha256(), member["bytes"]
        with open(staging / NAME, "wb", opener=opener) as copy:
            while rest and (piece := file.read(min(rest, PIECE))):
                digest.update(piece)
                copy.write(piece)
                rest -= len(piece)
        if rest or digest.hexdigest() != member["sha256"]:
            _no_bundle(path, "the store has not the SHA-256 that the manifest says")
        end = file.read(2 * tarfile.RECORDSIZE)
        if len(end) == 2 * tarfile.RECORDSIZE or end.strip(b"\0"):
            _no_bundle(path, "there is more in it than a manifest and a store")


def _regular(path: str, flags: int) -> int:
    """Opens a regular file and nothing else: a FIFO would wait for ever."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not os.path.isfile(path):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _member(file: BinaryIO, name: str, left: int, path: Path) -> int:
    """The size of the member that must come next."""
    try:
        member = tarfile.TarInfo.frombuf(file.read(BLOCK), "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise DamagedIndex(f"{path} is no ragcli bundle: {error}", _AGAIN) from error
    if member.type != tarfile.REGTYPE or member.name != name or not 0 <= member.size <= left:
        _no_bundle(path, f"{name} does not come where it has to")
    return member.size


def _manifest(raw: bytes, path: Path) -> dict[str, Any]:
    """The manifest's one member, its values of the right type."""
    try:
        manifest = json.loads(raw)
        (member,) = manifest["members"]
        told, schema = manifest["format"], manifest["schema"]
        well_formed = (member["name"], type(member["bytes"]), type(member["sha256"])) == (NAME, int, str)
    except (ValueError, KeyError, TypeError, RecursionError):
        _no_bundle(path, "its manifest makes no sense")
    if told != FORMAT or type(schema) is not int or schema > len(MIGRATIONS):
        message = f"{path} was written by another version of ragcli ({str(told)[:40]!r}, schema {str(schema)[:10]})"
        raise DamagedIndex(message, "upgrade ragcli")
    if not well_formed:
        _no_bundle(path, "its manifest makes no sense")
    return dict(member)


def _no_bundle(path: Path, why: str) -> NoReturn:
    raise DamagedIndex(f"{path} is no sound ragcli bundle: {why}", _AGAIN)


# -- the index ------------------------------------------------------------------------------------------


def _check_schema(path: Path, source: Path) -> None:
    """Before anything in it is run: the file declares our tables, of its version, and nothing else."""
    try:
        with closing(look(path)) as connection:
            version = version_of(connection)
            problem = schema_problem(connection, version) if 0 < version <= len(MIGRATIONS) else "no store of ragcli's"
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise DamagedIndex(f"{source} holds no readable store: {error}", _AGAIN) from error
    if problem:
        _no_bundle(source, problem)


def _refuse_to_replace(folder: Path, replace: bool) -> None:
    """UsageError where the folder holds an index that has files, or one that cannot be read, unless it may go."""
    if replace or not (folder / NAME).is_file():
        return
    try:
        with closing(Store.open(folder)) as store:
            held = len(store.ledger.lines())
    except MissingError:  # a first ingest was killed before it had a table
        return
    except (DamagedIndex, ValueError):
        held = 1
    if held:
        raise UsageError(
            f"there is an index with files at {folder}", "add --force to replace it, or name another --index"
        )


def _install(copy: Store, folder: Path, replace: bool, patience: Patience) -> None:
    """One transaction: a kill leaves the old index or the new one, and a reader keeps what it sees."""
    make_folder(folder)
    with WriterLock(folder, patience):
        _refuse_to_replace(folder, replace)
        try:
            store = Store.open(folder, write=True)
        except DamagedIndex:  # --force: what cannot be opened cannot be kept; its log first, which fits no other store
            for suffix in ("-wal", "-shm", ""):
                (folder / (NAME + suffix)).unlink(missing_ok=True)
            store = Store.open(folder, write=True)
        with closing(store):
            copy.copy_into(store)
            failpoint("import.copied")
            segments.publish_all(folder, store)
            store.checkpoint()
