from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from .conftest import Run


def test_without_the_package_the_extra_is_named(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    done = run("ingest", ".", "--watch", "--json")
    assert done.code == 4
    assert "ragcli[watch]" in done.value["error"]["hint"]
    assert not (folder / ".ragcli").exists()


def heard(lines: IO[str], word: str) -> str:
    """The next line with a word in it."""
    return next(line for line in lines if word in line)


def test_a_change_is_ingested_on_one_line_and_an_interrupt_ends_it(folder: Path) -> None:
    command = [sys.executable, "-m", "ragcli", "ingest", ".", "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        while "watching" not in watching.stderr.readline():
            assert watching.poll() is None
        (folder / "auks.md").write_text("Auks dive for sand eels.", "utf-8")
        assert "  1 added: auks.md\n" in heard(watching.stdout, "auks.md")
        (folder / "auks.md").unlink()
        assert "  1 removed: auks.md\n" in heard(watching.stdout, "auks.md")
        (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
        assert "  1 failed: broken.pdf\n" in heard(watching.stdout, "broken.pdf")
        watching.send_signal(signal.SIGINT)
        try:
            rest, errors = watching.communicate(timeout=20)
        finally:
            watching.kill()  # or leaving the block would wait for ever
    assert watching.returncode == 5  # of the last run
    assert (rest, "Traceback" in errors) == ("", False)
