"""Readers by the dozen while an ingest runs again and again: no command fails, each sees every file, and all of one
moment. A second writer waits its turn or exits with 9, naming the first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ragcli.cli import main
from tests.torture import _lab, _scenes
from tests.torture._figures import Outcome, Settings
from tests.torture._lab import Ended
from tests.torture._scenes import EMBEDDER, INDEX

FILES: Final = 8
BUSY: Final = 9
REVISION: Final = re.compile(r"revision (\d+) of file (\d+)")
QUESTION: Final = "Which revision of the file tells of the keeper?"


def run(settings: Settings, outcome: Outcome) -> None:
    """`readers` at a time, each asking some times."""
    place = settings.place
    readers, times = settings.pick(6, 50, 50), settings.pick(2, 4, 40)
    with _scenes.parsing_here():
        _write(place / "files", 0)
        _writer(place, 0, ())
        done = place / "done"
        home = _room(place, "writer")
        writer = _lab.start(home, lambda: _again_and_again(place, done))
        asked = [_reader(place, number, times) for number in range(readers)]
        second = [_second(place, number) for number in range(settings.pick(2, 6, 30))]
        for room, child in asked:
            _judge(_lab.end(child, room), outcome)
        for room, child in second:
            _judge_writer(_lab.end(child, room), outcome)
        done.touch()
        ended = _lab.end(writer, home)
        outcome.figures["readers at a time"] = readers
        outcome.figures["ingests meanwhile"] = ended.value() if ended.code == 0 else 0
        if ended.code:
            outcome.violations.append(f"the writer ended with {ended.code}: {ended.last_line()}")


def _write(files: Path, revision: int) -> None:
    files.mkdir(exist_ok=True)
    for number in range(FILES):
        own = " ".join(f"{letter}{chr(97 + number) * 4}{letter}" for letter in "bcdfghjklmnpqrstvwxz")  # no near-copies
        text = f"This is revision {revision} of file {number}. The keeper wrote of {own}."
        (files / f"file{number}.md").write_text(text)


def _writer(place: Path, revision: int, more: tuple[str, ...]) -> int:
    _write(place / "files", revision)
    return main(["ingest", "--index", str(place / INDEX), *EMBEDDER, "-q", *more, str(place / "files")])


def _again_and_again(place: Path, done: Path) -> int:
    revision = 0
    while not done.exists():
        revision += 1
        code = _writer(place, revision, ("--wait", "30"))
        if code:
            return code
    print(revision)  # noqa: T201
    return 0


def _room(place: Path, name: str) -> Path:
    room = place / name
    room.mkdir()
    return room


def _reader(place: Path, number: int, times: int) -> tuple[Path, int]:
    room = _room(place, f"reader{number}")
    verb = ("ask", "--no-log") if number % 2 else ("search",)
    arguments = [*verb, "--index", str(place / INDEX), *EMBEDDER, "--json", "-k", "50", QUESTION]
    return room, _lab.start(room, lambda: _repeated(arguments, times))


def _repeated(arguments: list[str], times: int) -> int:
    """The worst exit code; 3, not in your documents, is an answer."""
    return max(code if code != 3 else 0 for code in (main(arguments) for _ in range(times)))


def _second(place: Path, number: int) -> tuple[Path, int]:
    """Forgets a file that nobody looks for: with patience, or without."""
    room = _room(place, f"second{number}")
    text = room / "note.md"
    text.write_text(f"note {number}")
    more = ["--wait", "50"] if number % 2 else []
    arguments = ["ingest", "--index", str(place / INDEX), *EMBEDDER, "-q", *more, str(text)]
    act: Callable[[], int] = lambda: main(arguments)  # noqa: E731
    return room, _lab.start(room, act)


def _judge(ended: Ended, outcome: Outcome) -> None:
    if ended.code:
        outcome.violations.append(f"a reader ended with {ended.code}: {ended.last_line()}")
        return
    for line in ended.said.splitlines():
        outcome.count("answers")
        outcome.violations += _torn(json.loads(line))


def _torn(value: dict[str, Any]) -> list[str]:
    """An ingest replaces the files in the order of their names: one moment has them new up to one, old from there."""
    hits = [*value.get("hits", ()), *value.get("documents", ())]
    found = [REVISION.findall(hit["document"]["snippet"]) for hit in hits]
    revisions = {int(number): int(revision) for pairs in found for revision, number in pairs}
    by_name = [revisions.get(number, -1) for number in range(FILES)]
    if -1 in by_name and "hits" in value:
        return [f"files are missing: revisions {by_name}"]
    seen = [revision for revision in by_name if revision >= 0]
    if seen != sorted(seen, reverse=True) or (seen and seen[0] - seen[-1] > 1):
        return [f"of two moments: revisions {by_name}"]
    return []


def _judge_writer(ended: Ended, outcome: Outcome) -> None:
    if ended.code == BUSY:
        outcome.count("second writers told who writes")
        if "pid " not in ended.told:
            outcome.violations.append(f"exit 9 names nobody: {ended.last_line()}")
    elif ended.code:
        outcome.violations.append(f"a second writer ended with {ended.code}: {ended.last_line()}")
    else:
        outcome.count("second writers served")
