"""A conversation under a pseudo-terminal, as a person holds it: typed keys in, what reaches the screen out."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ragcli import cli, sessions
from ragcli.render.layout import cells

from .conftest import Run

ANSWERABLE = "How tall are the tallest emperor penguins?"
UNANSWERABLE = "Which zeppelin crossed the Atlantic in 1928?"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b]*\x1b\\|\x1b[=>]|\x07")
CTRL_C, CTRL_D, UP, BACKSPACE = "\x03", "\x04", "\x1b[A", "\x7f"
PROMPT = "\n>"
WAIT_S = 15.0
# A model says a word at a time: the scripted runtime with a pause before each piece of a completion that goes "slowly".
PROGRAM = """
import sys, time
from ragcli import cli
from ragcli.runtime import scripted

class Slow(scripted.ScriptedRuntime):
    def stream(self, prompt, sampling):
        slow = "slowly" in self._rest[0] if self._rest else False
        for piece in super().stream(prompt, sampling):
            time.sleep(0.05 if slow else 0)
            yield piece

scripted.ScriptedRuntime = Slow
sys.exit(cli.main(sys.argv[1:]))
"""


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, ours: int, process: subprocess.Popen[bytes]) -> None:
        self._ours, self._process = ours, process
        self._raw = bytearray()
        self._read_to = 0

    @property
    def screen(self) -> str:
        """What has been written since the last wait, without control sequences."""
        return CONTROL.sub("", self._raw[self._read_to :].decode("utf-8", "ignore")).replace("\r", "")

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self, *texts: str) -> str:
        """Everything up to the last of these texts, which come in order; the next wait starts behind."""
        deadline = time.monotonic() + WAIT_S
        while not _in_order(texts, screen := self.screen):
            assert self._more(deadline - time.monotonic()), f"no {texts} in {screen!r}"
        self._read_to = len(self._raw)
        assert "Traceback" not in screen
        return screen

    def ask(self, line: str, *texts: str) -> str:
        """Types a line, and gives what came back before the next prompt."""
        self.type(line + "\r")
        return self.wait(*texts, PROMPT)

    def settle(self, seconds: float) -> str:
        """What is there once nothing has come for a while."""
        while self._more(seconds):
            continue
        return self.screen

    def leave(self) -> int:
        while self._more(WAIT_S):
            continue
        return self._process.wait(timeout=WAIT_S)

    def _more(self, seconds: float) -> bool:
        if not select.select([self._ours], [], [], max(seconds, 0))[0]:
            return False
        try:
            part = os.read(self._ours, 65536)
        except OSError:  # Linux says end of file on a terminal so
            return False
        self._raw += part
        return bool(part)


def _in_order(texts: Sequence[str], screen: str) -> bool:
    """Linear in the screen, which a streamed answer repaints hundreds of times."""
    at = 0
    for text in texts:
        at = screen.find(text, at)
        if at < 0:
            return False
        at += len(text)
    return True


@contextmanager
def talking(*args: str, history: str = "off") -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "ask", *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "RAGCLI_HISTORY": history},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    terminal = Terminal(ours, process)
    try:
        terminal.wait("/help lists the commands", PROMPT)
        yield terminal
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def script(folder: Path, answers: Sequence[str]) -> str:
    """A runtime that gives these answers, each one citation of the first document found."""
    path = folder.parent / "script.jsonl"
    head = "Relevant Documents: 0\nCited Documents: 0\n"
    lines = [json.dumps(f"{head}Answer: {text}\nGrounded answer: <co: 0>{text}</co: 0>") for text in answers]
    path.write_text("\n".join(lines), "ascii")
    return f"scripted:{path}"


TALL = "An adult reaches a height of 122 cm."
HEAVY = "An adult weighs up to 45 kg."
LONG = " ".join(f"word{number} slowly" for number in range(400))


def test_a_conversation_of_fifteen_turns(notes: Path) -> None:
    runtime = script(notes, [TALL, HEAVY, TALL, TALL, LONG, TALL])
    history = notes.parent / "state" / "typed.jsonl"
    kept = notes / ".ragcli" / "sessions" / "birds.json"
    with talking("--runtime", runtime, "--session", "birds", history=str(history)) as terminal:
        # 1-3: the commands before there is anything to look at
        assert "/forget" in terminal.ask("/help", "/quit", "Ctrl-C stops")
        terminal.ask("/sources", "Nothing has been answered yet.")
        terminal.ask("/show 1", "Nothing has been answered yet.")
        # 4-5: a question and one that follows from it
        terminal.ask(ANSWERABLE, "122 cm.[1]", "Sources", "[1] penguins.md:10", "✓ supported")
        terminal.ask("And how much weighs an adult?", "45 kg.[1]", "[1] penguins.md:10")
        assert sessions.load(notes / ".ragcli", "birds").asked == 2
        # 6-9: looking at the answer
        terminal.ask("/sources", "[1] penguins.md:10")
        shown = terminal.ask("/show 1", "[1] penguins.md:10")
        assert "Penguins are flightless seabirds" in shown
        terminal.ask("/show 9", "/show takes a number from 1 to 1.")
        terminal.ask("/frobnicate", "There is no command /frobnicate; /help lists them.")
        # 10-12: modes
        terminal.ask("/mode", "mode accurate")
        terminal.ask("/mode loud", "/mode takes accurate, fast, off.")
        terminal.ask("/mode off", "mode off")
        assert "Sources" not in terminal.ask(ANSWERABLE, "122 cm.")
        terminal.ask("/mode accurate", "mode accurate")
        # 13: any script, corrected while typing
        terminal.ask(f"{ANSWERABLE} 🐧 企鹅鹅{BACKSPACE}", "企鹅\n", 'no passage mentions "企鹅"')
        # 14: several lines pasted at once are one question, sent by Enter only
        terminal.type("\x1b[200~How tall are\nthe tallest emperor penguins?\n\x1b[201~")
        assert "122 cm" not in terminal.settle(0.5)
        assert "no completion left" not in terminal.ask("", "122 cm.[1]", "penguins.md:10")
        assert "How tall are\nthe tallest" in sessions.load(notes / ".ragcli", "birds").exchanges[-1].question
        # 15: what the documents do not answer
        terminal.ask(UNANSWERABLE, "Not in your documents.", "Closest passages")
        terminal.ask("/show 1", "[1] ")
        # 16: an answer that is stopped keeps what was said
        terminal.type(f"{ANSWERABLE}\r")
        terminal.wait("word5 slowly")
        terminal.type(CTRL_C)
        said = terminal.wait("word0 slowly", "Stopped.", PROMPT)
        assert "word399" not in said
        stopped = sessions.load(notes / ".ragcli", "birds").exchanges[-1].answer
        assert stopped.startswith("word0 slowly word1 slowly")
        assert "word399" not in stopped
        # 17: Ctrl-C clears a line, Up brings back an old one
        terminal.type(f"half a line{CTRL_C}")
        terminal.wait(PROMPT)
        terminal.ask("/mode", "mode accurate")
        terminal.ask(UP, "mode accurate")
        # 18: another process writes, and the window changes its size
        (notes / "kiwi.txt").write_text("Kiwi birds sleep in burrows and come out at night.\n", "utf-8")
        assert cli.main(["ingest", "-q", str(notes), "--index", str(notes / ".ragcli")]) == 0
        terminal.resize(44, 20)
        answer = terminal.ask(ANSWERABLE, "the index has changed", "122 cm.[1]", "✓ supported")
        assert max(cells(line) for line in answer.partition("122 cm")[2].split("\n")) <= 44
        # 19: a turn that fails is said, and the conversation goes on
        terminal.ask(ANSWERABLE, "the script has no completion left", "hint:")
        # 20: start anew, and leave
        assert kept.exists()
        terminal.ask("/forget", "Forgotten.")
        assert not kept.exists()
        terminal.type(CTRL_C)
        terminal.wait(PROMPT)
        terminal.type(CTRL_C)
        assert terminal.leave() == 0
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in history.read_text("ascii").splitlines()]
    assert lines[0] == "/help"
    assert "half a line" not in lines


def test_what_was_typed_is_there_the_next_time_and_words_point_back(notes: Path) -> None:
    history = notes.parent / "typed.jsonl"
    history.write_text(json.dumps(ANSWERABLE) + "\n", "ascii")
    with talking("--session", "later", history=str(history)) as terminal:
        terminal.ask(UP, "Emperor penguins are the tallest", "[1] penguins.md:10")
        terminal.type("/quit\r")
        assert terminal.leave() == 0
    with talking("--session", "later") as terminal:
        terminal.type(CTRL_D)
        assert terminal.leave() == 0
    assert json.loads(history.read_text("ascii").splitlines()[-1]) == "/quit"


def test_nothing_is_kept_where_history_is_off_and_a_hostile_question_is_inert(notes: Path) -> None:
    with talking() as terminal:
        terminal.type("What is \x1b[200~\x1b]52;c;ZXZpbA==\x07\u202e\x9b31m\x1b[201~ emperor penguins?\r")
        terminal.wait(PROMPT)
        assert b"\x1b]52" not in terminal._raw
        terminal.type(CTRL_D)
        assert terminal.leave() == 0
    assert not (notes.parent / "off").exists()
    assert not (notes / ".ragcli" / "sessions").exists()


@pytest.mark.parametrize("flags", [(), ("--session", "x")])
def test_without_a_terminal_a_question_is_needed(notes: Path, run: Run, flags: Sequence[str]) -> None:
    done = run("ask", *flags)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ragcli: give a question, or --batch FILE\n")
