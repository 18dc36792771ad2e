"""One writer per index: a kernel lock, which a killed process cannot leave behind."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from ragcli.errors import Busy, StorageError
from ragcli.record import record

NAME: Final = "lock"
POLL_S: Final = 0.1
HELD: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What the kernel says of a lock that another process has."""

if sys.platform == "win32":
    import msvcrt

    def acquire(descriptor: int) -> None:
        """Takes the lock of an open file, or raises OSError at once."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _is_held(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return False
else:
    import fcntl

    def acquire(descriptor: int) -> None:
        """Takes the lock of an open file, or raises OSError at once."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _is_held(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False


def writer(folder: Path) -> str:
    """Who holds an index's lock ("pid 12"), "" if nobody does. Writes nothing; a writer that starts in the very
    instant of looking is told that the index is busy."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return ""
    try:
        return (_owner(descriptor) or "another process") if _is_held(descriptor) else ""
    finally:
        os.close(descriptor)


def _owner(descriptor: int) -> str:
    return os.pread(descriptor, 20, 1).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""


@record
class Patience:
    """How long a writer waits for another one to end; `notice` is told once that it does, and for whom."""

    wait_s: float = 0.0
    notice: Callable[[str], None] = lambda _: None


class WriterLock:
    """An index's, held while open. Busy, naming the process that holds it, if that has not ended in time;
    StorageError where the file system knows no locks."""

    def __init__(self, folder: Path, patience: Patience = Patience()) -> None:
        self._descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            self._acquire(patience)
        except BaseException:
            os.close(self._descriptor)
            raise
        # Byte 0 is the one that Windows locks; the text after it is for people.
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"\npid {os.getpid()}\n".encode("ascii"))

    def _acquire(self, patience: Patience) -> None:
        deadline, told = time.monotonic() + patience.wait_s, False
        while True:
            try:
                return acquire(self._descriptor)
            except OSError as error:
                if error.errno not in HELD:
                    hint = "keep the index on a disk of this machine: --index DIR"
                    raise StorageError(f"this index cannot be locked: {error.strerror}", hint) from error
                owner = _owner(self._descriptor)
                who = f"another process{f' ({owner})' if owner else ''} is writing to this index"
                if time.monotonic() >= deadline:
                    hint = "wait for it to end, then run the command again; or add --wait SECONDS"
                    raise Busy(who, hint) from error
            if not told:
                patience.notice(f"{who}; waiting up to {patience.wait_s:g} s")
                told = True
            time.sleep(min(POLL_S, max(0.0, deadline - time.monotonic())))

    def close(self) -> None:
        """Lets the next writer in. The file stays: removing it would let two writers lock two files."""
        os.close(self._descriptor)

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
