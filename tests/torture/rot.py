"""Bits that change by themselves: in the caches, in the database, in its log. Whatever is shown is right, or the exit
code is 6; hits that are lost are caught by `doctor --deep`; nothing hangs or takes a gibibyte."""

from __future__ import annotations

import json
import random
import shutil
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ragcli.cli import named
from ragcli.database import NAME
from ragcli.doctor import examine
from ragcli.index import open_index
from ragcli.reports import Verdict
from ragcli.retrieve import retrieve
from ragcli.types import Filters, Hit, SearchMode
from tests.checker import embedder_of
from tests.torture import _lab, _scenes
from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import EMBEDDER, INDEX, look, mixed
from tests.torture._shim import Aim, Fault

MISSING: Final = 4
DAMAGED: Final = 6
MOST_BYTES: Final = 1 << 30
HANG_S: Final = 120
BATCH: Final = 50
OTHERS: Final = (NAME, "lock", "log.jsonl", "sessions")
"""What in an index's folder is no cache."""
QUESTION: Final = "Who winds the clock of the lamp on Tern Rock?"


@dataclass(slots=True)
class Told:
    """What an index says: its exit code, what it shows by name, and what it finds, with scores, in order."""

    code: int = 0
    why: str = ""
    shown: dict[str, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ground:
    """A sound index with what it says, and a place for damaged copies."""

    settings: Settings
    start: Path
    uris: tuple[str, ...]
    sound: Told

    @property
    def copy(self) -> Path:
        """The folder that holds the copy's index."""
        return self.settings.place / "case"

    def stage(self) -> None:
        """A fresh copy."""
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.start, self.copy)


Case = Callable[[Ground, random.Random], tuple[str, list[str]]]
"""Damages the copy and judges it: what is to be counted, and what does not hold."""


def run(settings: Settings, outcome: Outcome) -> None:
    """Caches, database, write-ahead log."""
    ground = _ground(settings)
    _many(ground, "database bits", _bit, settings.pick(100, 500, 2000), outcome)
    _many(ground, "caches", _cache, settings.pick(100, 1000, 6000), outcome)
    _log(settings, settings.pick(5, 60, 400), outcome)


def _many(ground: Ground, name: str, case: Case, times: int, outcome: Outcome) -> None:
    """A child for each batch; where one dies, the case that it was at is to blame, and another goes on after it."""
    report, done = ground.settings.place / "report", 0
    while done < times:
        report.write_text("")
        first, last = done, min(done + BATCH, times)
        ended = _lab.forked(ground.settings.place, lambda: _batch(ground, case, (first, last), report))  # noqa: B023
        for line in report.read_text("utf-8").splitlines():
            what, wrong = json.loads(line)
            outcome.count(f"{name} damaged")
            outcome.count(f"{name}: {what}")
            outcome.violations += [f"{name} {done}: {each}" for each in wrong]
            done += 1
        if ended.code:
            outcome.violations.append(f"{name} {done}: ended with {ended.code}: {ended.last_line()}")
            done += 1
        if ended.memory_bytes > MOST_BYTES:
            outcome.violations.append(f"{name} {first}-{done}: took {ended.memory_bytes >> 20} MiB")
        most = max(int(outcome.figures.get("most memory, MiB", 0)), ended.memory_bytes >> 20)
        outcome.figures["most memory, MiB"] = most


def _batch(ground: Ground, case: Case, numbers: tuple[int, int], report: Path) -> int:
    with open(report, "a", encoding="utf-8") as file:
        for number in range(*numbers):
            signal.alarm(HANG_S)
            ground.stage()
            file.write(json.dumps(case(ground, random.Random(f"{ground.settings.seed}/{number}"))) + "\n")
            file.flush()
    return 0


# -- a sound index --------------------------------------------------------------------------------------


def _ground(settings: Settings) -> Ground:
    files, start = settings.place / "files", settings.place / "start"
    files.mkdir()
    start.mkdir()
    for number in range(6):
        head = f"# Log of keeper {number}\n\n{_scenes.text(number)} On Tern Rock, in year {1890 + number}, it blew.\n\n"
        body = " ".join(f"Night {night} of keeper {number}: wind {night % 9}, lamp lit." for night in range(60))
        (files / f"log{number}.md").write_text(f"{head}## Nights\n\n{body}\n")
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [_scenes.text(number)]} for number in (10, 11)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (files / "pages.ipynb").write_text(json.dumps(notebook))
    index = ("--index", str(start / INDEX))
    made = _lab.ragcli(settings.place, "ingest", *index, *EMBEDDER, "--meta", "year=1890", str(files))
    uris = tuple(str(path) for path in sorted(files.iterdir()))
    ended = _lab.forked(settings.place, lambda: print(json.dumps(asdict(_asked(start / INDEX, uris)))) or 0)  # noqa: T201
    sound = Told(**ended.value()) if not made.code and not ended.code else Told(1)
    if sound.code or len(sound.found) < 12 or len(sound.shown) < 24:
        raise RuntimeError(f"the sound index does not answer: {made.told} {ended.told} {sound}")
    return Ground(settings, start, uris, sound)


def _asked(folder: Path, uris: tuple[str, ...]) -> Told:
    """Two searches and every document."""
    told = Told()
    try:
        with ExitStack() as stack:
            index = stack.enter_context(open_index(folder, embedder_of(folder)))
            _keep(told, retrieve(QUESTION, index, k=100))
            year = Filters(where=(("year", "1890"),))
            _keep(told, retrieve(_scenes.MARKERS[4], index, mode=SearchMode.LEXICAL, k=3, filters=year))
            for uri in uris:
                told.shown[uri] = repr(_without_ids(index.store.document(uri)))
                for snippet in index.store.snippets_of(uri):
                    told.shown[snippet.ref] = repr(_without_ids(snippet))
    except BaseException as error:  # noqa: BLE001 - as cli.main does: what it does not know is a bug
        known = named(error)
        told.code, told.why = (1, repr(error)) if known is None else (known.exit_code, known.message)
    return told


def _keep(told: Told, hits: list[Hit]) -> None:
    for hit in hits:
        start, end = hit.best
        told.shown[hit.snippet.ref] = repr(_without_ids(hit.snippet))
        inside = 0 <= start <= end <= len(hit.snippet.text)
        told.found.append(f"{hit.snippet.ref} {hit.scores} {hit.best if inside else 'beyond the text'}")


def _without_ids(row: Any) -> Any:
    """A document or snippet, less the numbers that nobody sees."""
    if row is None:
        return None
    return replace(row, id=0, document_id=0) if hasattr(row, "document_id") else replace(row, id=0)


# -- damage ---------------------------------------------------------------------------------------------


def _flipped(raw: bytearray, draw: random.Random) -> bytes:
    at = draw.randrange(len(raw))
    raw[at] ^= 1 << draw.randrange(8)
    return bytes(raw)


def _scribbled(raw: bytearray, draw: random.Random) -> bytes:
    at, length = draw.randrange(len(raw)), draw.randint(1, 64)
    raw[at : at + length] = draw.randbytes(len(raw[at : at + length]))
    return bytes(raw)


def _zeroed(raw: bytearray, draw: random.Random) -> bytes:
    at = draw.randrange(len(raw)) // 512 * 512
    raw[at : at + 512] = bytes(len(raw[at : at + 512]))
    return bytes(raw)


def _truncated(raw: bytearray, draw: random.Random) -> bytes:
    return bytes(raw[: draw.randrange(len(raw))])


def _extended(raw: bytearray, draw: random.Random) -> bytes:
    return bytes(raw) + draw.randbytes(draw.randint(1, 4096))


DAMAGES: Final[tuple[Callable[[bytearray, random.Random], bytes], ...]] = (
    *(_flipped, _flipped, _scribbled, _zeroed, _truncated, _extended),
)


def _cache(ground: Ground, draw: random.Random) -> tuple[str, list[str]]:
    """A damaged cache changes nothing at all, scores included: it is made anew from the database."""
    files = [path for path in sorted(ground.copy.rglob("*")) if path.is_file()]
    caches = [path for path in files if path.parent.name not in OTHERS and not path.name.startswith(OTHERS)]
    path, damage = draw.choice(caches), draw.choice(DAMAGES)
    path.write_bytes(damage(bytearray(path.read_bytes()), draw))
    told = _asked(ground.copy / INDEX, ground.uris)
    if told.code == DAMAGED:
        return "exit 6", []
    wrong = f"{damage.__name__} {path.name}: {_difference(told, ground.sound)}"
    return "answered as before", [] if told == ground.sound else [wrong]


def _bit(ground: Ground, draw: random.Random) -> tuple[str, list[str]]:
    """A flipped bit: right, or exit 6; less than before, or in another order, only where `doctor --deep` fails."""
    path = ground.copy / INDEX / NAME
    raw = bytearray(path.read_bytes())
    at, bit = draw.randrange(len(raw)), draw.randrange(8)
    raw[at] ^= 1 << bit
    path.write_bytes(raw)
    told, sound, where = _asked(ground.copy / INDEX, ground.uris), ground.sound, f"byte {at} bit {bit}"
    wrong = [
        f"{where}: {key} shown as {value:.300}" for key, value in told.shown.items() if _is_untrue(key, value, sound)
    ]
    if told.code not in (0, MISSING, DAMAGED):
        wrong.append(f"{where}: exit {told.code}: {told.why}")
    if told == sound:
        return "nothing changed", wrong
    if told.code == DAMAGED:
        return "exit 6", wrong
    wrong += [f"{where}: {each}" for each in told.found if "beyond" in each]
    checks = examine(ground.copy / INDEX, model=EMBEDDER[1], deep=True)
    if not any(check.verdict is Verdict.FAILED for check in checks):
        wrong.append(f"{where}: not caught by doctor --deep: {_difference(told, sound)}")
    return "hits lost or moved, caught by doctor", wrong


def _is_untrue(key: str, value: str, sound: Told) -> bool:
    """A document that is not found is not shown."""
    return value not in (sound.shown.get(key), "None")


def _difference(told: Told, sound: Told) -> str:
    if told.code:
        return f"exit {told.code}: {told.why}"
    pairs = [
        *zip(told.found, sound.found, strict=False),
        *((told.shown.get(key), sound.shown[key]) for key in sound.shown),
    ]
    return next((f"{one!s:.200} for {other!s:.200}" for one, other in pairs if one != other), "fewer found")


def _log(settings: Settings, times: int, outcome: Outcome) -> None:
    """The write-ahead log that a killed ingest left, damaged: each file is old or new, and the next run finishes."""
    place, case = settings.place, settings.place / "killed"
    with _scenes.parsing_here():
        scene = _scenes.scene(place / "scenes", "ingest again")
        changes = _scenes.count_calls(scene, place, case)
        last = max(at for at, change in enumerate(changes, 1) if change.path.endswith("-wal") and change.kind == "W")
        scene.stage(case)
        scene.act(place, case, aim=Aim(case, Fault.KILL, last))
        kept = place / "kept"
        shutil.copytree(case, kept)
        for number in range(times):
            draw = random.Random(f"{settings.seed}/{number}")
            shutil.rmtree(case)
            shutil.copytree(kept, case)
            path = case / INDEX / draw.choice((f"{NAME}-wal", f"{NAME}-wal", f"{NAME}-shm"))
            damage = draw.choice(DAMAGES)
            path.write_bytes(damage(bytearray(path.read_bytes()), draw))
            outcome.count("logs damaged")
            wrong = mixed(look(place, case), scene) + _scenes.finished(scene, place, case)[0]
            outcome.violations += [f"log {number}, {damage.__name__} {path.name}: {each}" for each in wrong]
