from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ragcli.errors import Busy, StorageError
from ragcli.lock import Patience, WriterLock, writer

HOLDER = """
import sys, time
from pathlib import Path
from ragcli.lock import WriterLock
with WriterLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, folder, str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def test_who_writes_can_be_asked_without_writing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert writer(tmp_path) == ""
    assert not path.exists()
    with WriterLock(tmp_path):
        assert writer(tmp_path) == f"pid {os.getpid()}"
        with pytest.raises(Busy):
            WriterLock(tmp_path)
    before = path.read_bytes()
    assert writer(tmp_path) == ""
    assert path.read_bytes() == before
    WriterLock(tmp_path).close()


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    process = holder(tmp_path, 60)
    with pytest.raises(Busy, match=f"pid {process.pid}") as raised:
        WriterLock(tmp_path)
    assert "--wait" in raised.value.hint
    ended(process)
    WriterLock(tmp_path).close()  # the kernel lets go of what a killed process held


def test_a_writer_with_patience_gets_its_turn_and_says_once_that_it_waits(tmp_path: Path) -> None:
    process, told = holder(tmp_path, 0.4), list[str]()
    started = time.monotonic()
    WriterLock(tmp_path, Patience(30, told.append)).close()
    assert time.monotonic() - started < 25
    ended(process)
    assert told == [f"another process (pid {process.pid}) is writing to this index; waiting up to 30 s"]


def test_patience_ends(tmp_path: Path) -> None:
    process, started = holder(tmp_path, 60), time.monotonic()
    with pytest.raises(Busy):
        WriterLock(tmp_path, Patience(0.3))
    assert time.monotonic() - started >= 0.3
    ended(process)


def test_a_file_system_without_locks_is_no_busy_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_locks(_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("ragcli.lock.acquire", without_locks)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    with pytest.raises(StorageError, match="locks"):
        WriterLock(tmp_path)
    assert before in (0, len(os.listdir("/proc/self/fd")))
