"""Forks a child for each case: everything is imported here once, and no index is ever opened here."""

from __future__ import annotations

import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ragcli import parsers
from ragcli.cli import main
from tests.checker import problems
from tests.mails import mail
from tests.torture import _shim
from tests.torture._shim import Aim

BUG: Final = 99
PATIENCE_S: Final = 600
"""By the wall: many share the machine."""
NOTE: Final = "# A note\n\nThe keeper winds the clock of the lamp every evening before the sun goes down.\n"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: exit code or minus the signal, what it wrote, and its largest memory."""

    code: int
    said: str
    told: str
    memory_bytes: int

    def value(self) -> Any:
        """Its stdout as JSON: of several lines the last one."""
        return json.loads(self.said.strip().rpartition("\n")[2])

    def last_line(self) -> str:
        """Of what it wrote on stderr."""
        return self.told.strip().rpartition("\n")[2]


def prepare(place: Path) -> None:
    """Imports what children need, so that a fork is all that a case costs: what a child that did everything once has
    imported."""
    (place / "notes").mkdir()
    (place / "notes" / "note.md").write_text(NOTE)
    (place / "notes" / "mail.eml").write_bytes(mail("A mail", NOTE, note_txt=NOTE))
    for name in forked(place, lambda: _everything(place)).said.split("\n")[-1].split():
        if name != "__main__":
            with suppress(ImportError):  # one that only its package can make
                importlib.import_module(name)
    for file in (place / "notes" / "note.md", place / "notes" / "mail.eml"):
        parsers.parse(file.read_bytes(), file.name)
    shutil.rmtree(place / "notes")


def _everything(place: Path) -> int:
    """One run of each verb, then the names of all modules as the last line."""
    index, notes = ("--index", str(place / "notes" / ".ragcli")), str(place / "notes")
    model, question = ("--embedder", "hashing:64"), "Who winds the clock of the lamp?"
    for arguments in (
        ("ingest", *model, notes),
        ("export", str(place / "notes" / "bundle")),
        ("import", "--force", str(place / "notes" / "bundle")),
        *(("search", *model, question), ("ask", *model, question), ("ls",), ("show", f"{notes}/note.md")),
        *(("rebuild", *model), ("doctor", "--deep"), ("rm", "--yes", f"{notes}/note.md"), ("search", "")),
    ):
        main([*arguments, *index, "--json"])
    parsers.suffixes()  # which imports them all
    problems(place / "notes" / ".ragcli")
    sys.stdout.write("\n" + " ".join(sorted(name for name in sys.modules if name.isascii())))
    return 0


def forked(
    place: Path,
    act: Callable[[], int],
    *,
    aim: Aim | None = None,
    journal: Path | None = None,
    kill_after_s: float = 0.0,
) -> Ended:
    """Runs `act`, which returns an exit code, in a child with a clock; its streams go to files in `place`."""
    child = start(place, act, aim=aim, journal=journal)
    if kill_after_s:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)  # one that has ended is still there to be waited for
    return end(child, place)


def start(place: Path, act: Callable[[], int], *, aim: Aim | None = None, journal: Path | None = None) -> int:
    """A child that runs `act`: its process id, for `end`."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _live(place, act, aim, journal)
    return child


def end(child: int, place: Path) -> Ended:
    """Waits for a child."""
    _, status, usage = os.wait4(child, 0)
    said, told = ((place / name).read_text("utf-8", "replace") for name in ("stdout", "stderr"))
    return Ended(os.waitstatus_to_exitcode(status), said, told, usage.ru_maxrss << 10)


def _live(place: Path, act: Callable[[], int], aim: Aim | None, journal: Path | None) -> None:
    """In the child; never returns."""
    code = BUG
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.alarm(PATIENCE_S)  # a hang ends as -SIGALRM
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(place / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), number)
        sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
        log = -1 if journal is None else os.open(journal, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        if aim is not None:
            _shim.arm(aim, log)
        code = act()
    except BaseException:  # noqa: BLE001 - whatever it is, it is a finding, and the child must not go on as its parent
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def ragcli(place: Path, *arguments: str) -> Ended:
    """The command line in a child."""
    return forked(place, lambda: main(list(arguments)))
