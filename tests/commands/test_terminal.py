"""The program under a pseudo-terminal: colored, wrapped, and nothing foreign acts on it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from ragcli.render.layout import cells

PAYLOAD = "\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil.example\x1b\\\x9b31m\u202e[bold]:bomb:"
FOREIGN = ("\x1b]52", "evil.example\x1b", "\x9b", "\u202e", "\x07", "\x1b]8;;http")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\")


def on_terminal(*args: str, columns: int = 80, environ: Mapping[str, str] = MappingProxyType({})) -> tuple[int, str]:
    """Exit code and everything that reached the terminal."""
    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    env = {**clean, "TERM": "xterm-256color", "COLUMNS": str(columns), **environ}
    command = [sys.executable, "-m", "ragcli", *args]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    output = bytearray()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says end of file on a terminal so
            break
        if not part:
            break
        output += part
    os.close(ours)
    return process.wait(timeout=60), output.decode("utf-8").replace("\r\n", "\n")


@pytest.fixture
def hostile(folder: Path) -> Path:
    note = folder / f"a{PAYLOAD.replace('/', '_')}.md"
    note.write_text(f"# {PAYLOAD}\n\nOstriches run very fast. {PAYLOAD}", "utf-8")
    return folder


def test_nothing_foreign_acts_on_the_terminal(hostile: Path) -> None:
    for args in (
        ["ingest", "."],
        ["ls"],
        ["search", f"ostriches {PAYLOAD}"],
        ["ask", "How fast do ostriches run?"],
        ["show", PAYLOAD],
        ["search", "ostriches", "--json"],
    ):
        _, output = on_terminal(*args)
        assert not [mark for mark in FOREIGN if mark in output], args


def test_a_terminal_gets_color_links_and_lines_that_fit(hostile: Path) -> None:
    code, output = on_terminal("ingest", ".", columns=60)
    assert code == 0
    assert "\x1b[?25l" in output  # the progress bar hides the cursor, and shows it again
    assert "\x1b[?25h" in output
    code, output = on_terminal("search", "tallest emperor penguins", columns=60)
    assert code == 0
    assert f"\x1b]8;;file://{hostile}/penguins.md\x1b\\" in output
    assert max(cells(CONTROL.sub("", line)) for line in output.splitlines()) <= 60


def test_no_color_and_dumb_terminals_get_no_escapes(hostile: Path) -> None:
    on_terminal("ingest", "-q", ".")
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb"), ("RAGCLI_COLOR", "never")):
        code, output = on_terminal("search", "penguins", environ={name: value})
        assert code == 0
        assert "\x1b" not in output
    assert "\x1b" not in on_terminal("ingest", ".", environ={"TERM": "dumb"})[1]


def test_rm_asks_on_a_terminal(hostile: Path) -> None:
    on_terminal("ingest", "-q", ".")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ragcli", "rm", "penguins.md"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    asked = b""
    while b"[y/N]" not in asked:
        asked += os.read(ours, 1024)
    os.write(ours, b"y\n")
    assert process.wait(timeout=60) == 0
    os.close(ours)
    assert b"Remove 1 file from the index?" in asked
    assert "penguins.md" not in on_terminal("ls")[1]
