"""One tree of very many files: Ctrl-C in the middle, resumed; memory and work per file as at the beginning."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import EMBEDDER, INDEX

DISTINCT: Final = 50
A_FOLDER: Final = 100
GROWTH_BYTES: Final = 200 << 20
SLOWER: Final = 1.25
"""Times the CPU of the first tenth that the last one may take: 80 % of its rate."""
JUDGED: Final = 2000
"""Files from which on the rate says something."""
PATIENCE_S: Final = 10
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of an ingest: files stored so far, memory, CPU and wall seconds."""

    files: int
    memory_bytes: int
    cpu_s: float
    wall_s: float


def run(settings: Settings, outcome: Outcome) -> None:
    """`--files` of them, or by the size of the run."""
    count = settings.files or settings.pick(200, 5_000, 200_000)
    files, index = settings.place / "files", settings.place / INDEX
    _grow(files, count)
    outcome.figures["files"] = count
    stored = _interrupted(files, index, count // 10, outcome)
    marks, states = _watched(files, index, count)
    unchanged, added = states.get("unchanged", 0), states.get("added", 0)
    outcome.figures |= {"stored before Ctrl-C": stored, "kept by the next run": unchanged, "added by it": added}
    if unchanged < stored or unchanged + added != count:
        outcome.violations.append(f"{stored} were stored before Ctrl-C; then {unchanged} unchanged, {added} added")
    if len(marks) < 11:
        outcome.violations.append(f"the second run showed only {len(marks)} tenths of the files")
        return
    first, last = marks[1], marks[-1]
    growth = last.memory_bytes - first.memory_bytes
    early, late = marks[1].cpu_s - marks[0].cpu_s, marks[-1].cpu_s - marks[-2].cpu_s
    outcome.figures |= {
        "memory at a tenth, MiB": first.memory_bytes >> 20,
        "growth from there, MiB": growth >> 20,
        "CPU ms a file, first tenth": round(1000 * early / (marks[1].files - marks[0].files), 2),
        "CPU ms a file, last tenth": round(1000 * late / (marks[-1].files - marks[-2].files), 2),
        "wall seconds": round(last.wall_s - marks[0].wall_s),
    }
    if growth > GROWTH_BYTES:
        outcome.violations.append(f"memory grew by {growth >> 20} MiB")
    if count >= JUDGED and late > SLOWER * early:
        outcome.violations.append(f"the last tenth took {late:.2f} s of CPU, the first {early:.2f}")


def _grow(files: Path, count: int) -> None:
    for number in range(count):
        folder = files / f"{number // A_FOLDER // A_FOLDER:03}" / f"{number // A_FOLDER % A_FOLDER:02}"
        if number % A_FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        text = f"The keeper of lamp {number % DISTINCT} winds its clock; paraffin lasts for {number % DISTINCT} days."
        (folder / f"{number:07}.txt").write_text(text)


def _started(files: Path, index: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ragcli", "ingest", "--json", "--index", str(index), *EMBEDDER, str(files)]
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )


def _interrupted(files: Path, index: Path, after: int, outcome: Outcome) -> int:
    """Ctrl-C once so many files are stored; how many were told of."""
    stored = 0
    with _started(files, index) as process:
        assert process.stdout is not None
        pressed = 0.0
        for line in process.stdout:
            stored += '"added"' in line
            if stored >= after and not pressed:
                process.send_signal(signal.SIGINT)
                pressed = time.monotonic()
        code = process.wait()
        took = time.monotonic() - pressed
    outcome.figures["seconds from Ctrl-C to the end"] = round(took, 1)
    if code != INTERRUPTED or took > PATIENCE_S:
        outcome.violations.append(f"Ctrl-C led to exit {code} after {took:.1f} s")
    return stored


def _watched(files: Path, index: Path, count: int) -> tuple[list[Mark], dict[str, int]]:
    """A mark at each tenth of what the run has to add, and its summary's states."""
    marks, added, summary = list[Mark](), 0, {}
    left = 0
    with _started(files, index) as process:
        assert process.stdout is not None
        known = 0
        for line in process.stdout:
            event = json.loads(line)
            if event.get("event") == "summary":
                summary = event["states"]
            elif event["state"] == "unchanged":
                known += 1
            elif event["state"] == "added":
                left = left or count - known
                if added * 10 >= len(marks) * left:
                    marks.append(_mark(process.pid, added))
                added += 1
                if added == left:
                    marks.append(_mark(process.pid, added))
    return marks, summary


def _mark(pid: int, files: int) -> Mark:
    status = Path(f"/proc/{pid}/status").read_text()
    memory = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Mark(files, memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), time.monotonic())
