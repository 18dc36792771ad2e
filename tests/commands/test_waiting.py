"""Two writers: the second waits as long as it is told to, or says who the first is."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from ragcli.lock import WriterLock

from .conftest import Run

WRITERS = {
    "ingest": ("ingest", "."),
    "rm": ("rm", "--yes", "penguins.md"),
    "rebuild": ("rebuild",),
    "import": ("import", "--force", "bundle"),
}


@pytest.mark.parametrize("verb", WRITERS)
def test_a_second_writer_exits_with_9_and_names_the_first(notes: Path, run: Run, verb: str) -> None:
    assert run("export", "bundle").code == 0
    with WriterLock(notes / ".ragcli"):
        done = run(*WRITERS[verb])
    assert done.code == 9
    assert f"(pid {os.getpid()}) is writing to this index" in done.err
    assert "--wait SECONDS" in done.err


@pytest.mark.parametrize("verb", WRITERS)
def test_a_second_writer_that_waits_gets_its_turn(notes: Path, run: Run, verb: str) -> None:
    assert run("export", "bundle").code == 0
    lock = WriterLock(notes / ".ragcli")
    threading.Timer(0.3, lock.close).start()
    started = time.monotonic()
    done = run(*WRITERS[verb], "--wait", "30")
    assert done.code == 0, done.err
    assert time.monotonic() - started >= 0.2
    assert f"(pid {os.getpid()}) is writing to this index; waiting up to 30 s" in done.err


def test_readers_are_not_kept_waiting(notes: Path, run: Run) -> None:
    with WriterLock(notes / ".ragcli"):
        assert run("search", "penguins").code == 0
        assert run("ls").code == 0
