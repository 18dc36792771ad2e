"""Files that mean harm, each to a parsing child of its own: read or refused, within its budget."""

from __future__ import annotations

import resource
import time

from ragcli.errors import UnreadableFile
from ragcli.parsers._wire import MAX_CHARS, WALL
from ragcli.sandbox import Sandbox
from ragcli.types import Parsed
from tests.hostile.test_bombs import ALL
from tests.torture._figures import Outcome, Settings

MEMORY_BYTES = 1 << 30
GRACE = 1.2
START_S = 2.0  # of a child: Python and the parser's library


def run(settings: Settings, found: Outcome) -> None:
    """Every bomb; a brief run takes each twentieth, and only a full one gives the budget of every day."""
    cpu_s = float(settings.pick(1, 10, 60))
    found.figures |= {"bombs": 0, "read": 0, "without text": 0, "refused": 0, "ended by a signal": 0}
    most_cpu_s, most_memory = 0.0, 0
    for name in list(ALL)[:: settings.pick(20, 1, 1)]:
        raw = ALL[name]()
        budget_s = cpu_s + len(raw) / 1e6
        before, started = _cpu_s(), time.monotonic()
        end = _end(raw, name, cpu_s)
        used, wall = _cpu_s() - before, time.monotonic() - started
        found.count("bombs")
        found.count(_kind(end))
        most_cpu_s = max(most_cpu_s, used / budget_s)
        most_memory = max(most_memory, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)
        if used > GRACE * budget_s + START_S or wall > GRACE * WALL * budget_s + 60:
            found.violations.append(f"{name}: {used:.1f} s of CPU, {wall:.0f} s, of {budget_s:.1f}")
        if isinstance(end, Parsed) and len(end.text) > MAX_CHARS:
            found.violations.append(f"{name}: {len(end.text)} characters")
        if isinstance(end, UnreadableFile) and "crashed" in end.message and "(signal " not in end.message:
            found.violations.append(f"{name}: {end.message}")
    if most_memory > GRACE * MEMORY_BYTES:
        found.violations.append(f"{most_memory >> 20} MB in a child")
    found.figures["most of a budget used, %"] = round(100 * most_cpu_s)
    found.figures["largest memory of a child, MB"] = most_memory >> 20


def _end(raw: bytes, name: str, cpu_s: float) -> Parsed | UnreadableFile:
    with Sandbox(1, cpu_s=cpu_s, memory_bytes=MEMORY_BYTES) as box:
        try:
            return box.parse(raw, name)
        except UnreadableFile as error:
            return error


def _kind(end: Parsed | UnreadableFile) -> str:
    if isinstance(end, Parsed):
        return "read" if end.text.strip() else "without text"
    return "ended by a signal" if "(signal " in end.message else "refused"


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
