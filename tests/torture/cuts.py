"""Power cuts: each command is run once with a journal of its calls; then, for every call, the disk is made as it may
be found if the power failed there. What was not synced is there, or not, or in part and torn; what was committed is."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from tests.torture import _scenes, _shim
from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import Scene, finished, look, mixed
from tests.torture._shim import Aim, Change

NEEDS_SHIM: Final = True
SECTOR: Final = 512
COMMIT: Final = "commit"
WAYS: Final = ("only what was synced", "some of the rest", "all but the last write's end")


@dataclass(slots=True)
class Disk:
    """Folder entries and files as a crash leaves them."""

    names: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    files: dict[int, bytearray] = field(default_factory=dict)

    def apply(self, change: Change, inode: int, raw: bytes) -> None:
        """One change; `raw` is what of a write got down."""
        if change.kind == "W":
            content = self.files.setdefault(inode, bytearray())
            content.extend(bytes(max(0, change.at - len(content))))
            content[change.at : change.at + len(raw)] = raw
        elif change.kind == "T":
            content = self.files.setdefault(inode, bytearray())
            content.extend(bytes(max(0, change.at - len(content))))
            del content[change.at :]
        elif change.kind == "C":
            self.names[change.path] = inode
            self.files.setdefault(inode, bytearray())
        elif change.kind == "D":
            self.folders.add(change.path)
        elif change.kind == "U":
            self.names.pop(change.path, None)
            self.folders.discard(change.path)
        elif change.kind == "R" and change.path in self.names:
            self.names[change.other] = self.names.pop(change.path)

    def write(self, case: Path) -> None:
        """Puts it into `case`; an entry whose folder is not there is not there either."""
        shutil.rmtree(case, ignore_errors=True)
        case.mkdir()
        for folder in sorted(self.folders):
            if Path(folder).parent.is_dir():
                Path(folder).mkdir(mode=0o700)
        for name, inode in self.names.items():
            if Path(name).parent.is_dir():
                Path(name).write_bytes(self.files.get(inode, b""))
        for folder in self.folders:
            if Path(folder).is_dir():
                os.utime(folder, (0, 0))  # whoever made it died with the machine


@dataclass(frozen=True, slots=True)
class Run:
    """A command's journal; for each change the inode it concerns and the change that made it durable, or the end."""

    scene: Scene
    start: Disk
    changes: Sequence[Change]
    inodes: Sequence[int]
    durable_at: Sequence[int]


def run(settings: Settings, outcome: Outcome) -> None:
    """Every call, in three ways, in an order drawn by the seed; brief and quick take a share."""
    draw, cases = random.Random(settings.seed), list[tuple[Run, int, str]]()
    with _scenes.parsing_here():
        for name in _scenes.COMMANDS:
            made = _recorded(_scenes.scene(settings.place / "scenes", name), settings.place)
            moments = [(made, at, way) for at in range(len(made.changes) + 1) for way in WAYS]
            cases += draw.sample(moments, min(len(moments), settings.pick(5, 100, len(moments))))
        outcome.figures["cases"] = len(cases)
        for made, at, way in draw.sample(cases, len(cases)):
            _case(made, settings, at, way, outcome)
            outcome.count("cases done")


def _recorded(scene: Scene, place: Path) -> Run:
    case = place / "case"
    scene.stage(case)
    start = Disk(folders={str(path) for path in case.rglob("*") if path.is_dir()})
    for inode, path in enumerate(sorted(path for path in case.rglob("*") if path.is_file())):
        start.names[str(path)] = inode
        start.files[inode] = bytearray(path.read_bytes())
    scene.act(place, case, aim=Aim(case), journal=place / "journal", mark=COMMIT)
    changes = _shim.read_journal(place / "journal")
    return Run(scene, start, changes, *_read(start, changes))


def _read(start: Disk, changes: Sequence[Change]) -> tuple[list[int], list[int]]:
    names, fresh = dict(start.names), len(start.names)
    inodes, durable = [], [len(changes)] * len(changes)
    for at, change in enumerate(changes):
        if change.kind == "C":
            names[change.path], fresh = fresh, fresh + 1
        inodes.append(names.get(change.path, -1))
        if change.kind == "R":
            names[change.other] = names.pop(change.path, -1)
        elif change.kind == "U":
            names.pop(change.path, None)
        elif change.kind == "S":
            for before, earlier in enumerate(changes[:at]):
                whose = earlier.kind in "WT" and inodes[before] == inodes[at] and inodes[at] >= 0
                entry = earlier.kind in "CDUR" and change.path in {str(PurePath(p).parent) for p in _paths(earlier)}
                if (whose or entry) and durable[before] > at:
                    durable[before] = at
    return inodes, durable


def _paths(change: Change) -> tuple[str, ...]:
    return (change.path, change.other) if change.other else (change.path,)


def _cut(made: Run, until: int, way: str, draw: random.Random) -> Disk:
    """The disk after a cut before change `until`. Entries of folders keep their order: a journal writes them so."""
    disk = Disk(dict(made.start.names), set(made.start.folders), {k: bytearray(v) for k, v in made.start.files.items()})
    pending = [at for at in range(until) if made.durable_at[at] >= until]
    entries = [at for at in pending if made.changes[at].kind in "CDUR"]
    if way == WAYS[0]:
        kept = set[int]()
    elif way == WAYS[1]:
        kept = {at for at in pending if made.changes[at].kind in "WT" and draw.random() < 0.5}
        kept |= set(entries[: draw.randint(0, len(entries))])
    else:
        kept = set(pending)
    last = max((at for at in kept if made.changes[at].kind == "W"), default=-1)
    for at in range(until):
        change = made.changes[at]
        if made.durable_at[at] >= until and at not in kept:
            continue
        raw = change.raw
        if at == last or (at in kept and way == WAYS[1] and draw.random() < 0.2):
            raw = raw[: draw.randint(0, len(raw) // SECTOR) * SECTOR]
        disk.apply(change, made.inodes[at], raw)
    return disk


def _case(made: Run, settings: Settings, at: int, way: str, outcome: Outcome) -> None:
    place, case, scene = settings.place, settings.place / "case", made.scene
    _cut(made, at, way, random.Random(f"{settings.seed}/{at}")).write(case)
    seen = look(place, case)
    wrong = mixed(seen, scene)
    commits = sum(change.kind == "M" for change in made.changes[:at])
    if scene.name != "import" and seen.generation < scene.old.generation + commits:
        wrong.append(f"{commits} commits were reported, {seen.generation - scene.old.generation} are there")
    if at == len(made.changes) and seen.texts != scene.new.texts:
        wrong.append("the command had ended, and its work is not there")
    later, redone = finished(scene, place, case)
    outcome.count(f"cut, {way}")
    outcome.count("embedded again", max(0, redone))
    if redone > 0:
        wrong.append(f"{redone} committed texts were embedded again")
    outcome.violations += [f"{scene.name}, cut at {at}, {way}: {each}" for each in wrong + later]
