"""A cache file beside the store: written so that a crash leaves the old one or the new one, and read only
where its length and SHA-256 are the recorded ones (FAISS loads most damaged files without complaint)."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from ragcli.errors import StorageError
from ragcli.failpoints import failpoint
from ragcli.private import opener, sync_folder
from ragcli.store import Store


class Cached(NamedTuple):
    """A cache's bytes and the generation of the store that they show."""

    dump: bytes
    generation: int


def write_cache(path: Path, dump: bytes, store: Store) -> None:
    """Temporary file, length check, fsync, rename, fsync of the folder, then the record in the store."""
    generation = store.generation()
    temporary = path.with_name(path.name + ".tmp")
    failpoint("cache.before_write")
    try:
        with open(temporary, "wb", opener=opener) as file:
            half = len(dump) // 2
            file.write(dump[:half])
            failpoint("cache.half_written")
            file.write(dump[half:])
            file.flush()
            if os.fstat(file.fileno()).st_size != len(dump):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            failpoint("cache.before_fsync")
            os.fsync(file.fileno())
        failpoint("cache.before_rename")
        temporary.replace(path)
        failpoint("cache.after_rename")
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        hint = "free some space and run the command again: nothing ingested is lost"
        raise StorageError(f"cannot write {path}: {error.strerror}", hint) from error
    record = {"generation": generation, "sha256": hashlib.sha256(dump).hexdigest(), "bytes": len(dump)}
    store.set_meta(f"cache:{path.name}", json.dumps(record))
    failpoint("cache.recorded")


def read_cache(path: Path, store: Store) -> tuple[Cached | None, str]:
    """The cache, or None and a line that says what is wrong; None and "" where none was ever written."""
    stored = store.meta(f"cache:{path.name}")
    if stored is None:
        return None, ""
    record = json.loads(stored)
    try:
        if path.stat().st_size != record["bytes"]:
            return None, f"{path.name} has not the length it was written with"
        dump = path.read_bytes()
    except OSError as error:
        return None, f"{path.name}: {error.strerror}"
    if hashlib.sha256(dump).hexdigest() != record["sha256"]:
        return None, f"{path.name} is not the file that was written"
    return Cached(dump, int(record["generation"])), ""
