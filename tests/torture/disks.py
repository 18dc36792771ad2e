"""Real disks that are too small, and one that is read-only: file systems in memory, in a namespace of their own."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from ragcli.cli import main
from tests.torture import _lab, _scenes
from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import EMBEDDER, INDEX, Scene, finished, look, mixed
from tests.torture._shim import Aim, Fault

NEW_MOUNTS: Final = 0x00020000
NEW_USER: Final = 0x10000000
PAGE_KIB: Final = 4
AMPLE: Final = "64m"
STORAGE: Final = 10
REFUSED: Final = 77


def run(settings: Settings, outcome: Outcome) -> None:
    """In a child that may mount; where the system lets nobody, that is told."""
    ended = _lab.forked(settings.place, lambda: _inside(settings))
    if ended.code == REFUSED:
        outcome.figures["not run"] = "this system lets nobody mount a file system of his own"
        return
    if ended.code:
        outcome.violations.append(f"ended with {ended.code}: {ended.last_line()}")
        return
    told = ended.value()
    outcome.figures |= told["figures"]
    outcome.violations += told["violations"]


def _inside(settings: Settings) -> int:
    uid, gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None).unshare(NEW_USER | NEW_MOUNTS):
        return REFUSED
    for name, line in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path("/proc/self", name).write_text(line)
    case = settings.place / "disk"
    case.mkdir()
    if _mount("tmpfs", "tmpfs", case, AMPLE):
        return REFUSED
    outcome = Outcome()
    with _scenes.parsing_here():
        for name in ("first ingest", "ingest again", "rm", "rebuild", "import"):
            scene = _scenes.scene(settings.place / "scenes", name)
            for room in range(0, settings.pick(8, 260, 520), settings.pick(4, 20, 4)):
                _small(scene, settings.place, case, room, outcome)
        _read_only(_scenes.scene(settings.place / "scenes", "ask"), settings.place, case, outcome)
    sys.stdout.write("\n" + json.dumps({"figures": outcome.figures, "violations": outcome.violations}))
    return 0


def _mount(kind: str, source: str, target: Path, size: str, *more: str) -> int:
    options = ",".join((f"size={size}", *more))
    command = ["mount", "-t", kind, "-o", options, source, str(target)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def _stage(scene: Scene, case: Path) -> None:
    _mount("tmpfs", "tmpfs", case, AMPLE, "remount")
    for path in case.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(scene.start, case, dirs_exist_ok=True)


def _small(scene: Scene, place: Path, case: Path, room_kib: int, outcome: Outcome) -> None:
    """A disk with so much room beside what is there."""
    _stage(scene, case)
    used = os.statvfs(case)
    kib = (used.f_blocks - used.f_bfree) * used.f_frsize // 1024 + room_kib
    if _mount("tmpfs", "tmpfs", case, f"{max(kib, PAGE_KIB)}k", "remount"):
        outcome.violations.append(f"{scene.name}: no disk of {kib} KiB")
        return
    ended = scene.act(place, case)
    outcome.count(f"small disks: exit {ended.code}")
    wrong = [] if ended.code in (0, STORAGE) else [f"ended with {ended.code}: {ended.last_line()}"]
    if look(place, case).wrong:
        outcome.count("small disks: not readable until there is room")
    _mount("tmpfs", "tmpfs", case, AMPLE, "remount")
    wrong += mixed(look(place, case), scene)
    later, redone = finished(scene, place, case)
    if redone > 0:
        wrong.append(f"{redone} committed texts were embedded again")
    outcome.violations += [f"{scene.name}, {room_kib} KiB of room: {each}" for each in wrong + later]


def _read_only(scene: Scene, place: Path, case: Path, outcome: Outcome) -> None:
    """Readers work, also on what a killed writer left; writers are told what is wrong."""
    for state in ("at rest", "with the log of a killed writer"):
        _stage(scene, case)
        if state != "at rest":
            (case / "note.md").write_text(_scenes.text(11))
            arguments = ["ingest", "--index", str(case / INDEX), *EMBEDDER, str(case / "note.md")]
            calls = Aim(case, Fault.COUNT)
            changes = place / "journal"
            _lab.forked(place, lambda a=arguments: main(a), aim=calls, journal=changes)  # type: ignore[misc]
            _stage(scene, case)
            (case / "note.md").write_text(_scenes.text(11))
            last = sum(line.startswith(b"W") for line in changes.read_bytes().split(b"\n"))
            aim = Aim(case, Fault.KILL, max(1, last // 2))
            _lab.forked(place, lambda a=arguments: main(a), aim=aim)  # type: ignore[misc]
        _mount("tmpfs", "tmpfs", case, AMPLE, "remount", "ro")
        for verb in (("search", *EMBEDDER, "keeper"), ("ask", *EMBEDDER, "Who winds the clock?"), ("ls",), ("stats",)):
            ended = _lab.ragcli(place, *verb, "--index", str(case / INDEX), "--json")
            outcome.count("read-only: answered")
            if ended.code:
                outcome.violations.append(f"read-only, {state}: {verb[0]} ended with {ended.code}: {ended.last_line()}")
        ended = _lab.ragcli(place, "ingest", "--index", str(case / INDEX), *EMBEDDER, str(scene.files))
        if ended.code != STORAGE:
            outcome.violations.append(f"read-only, {state}: ingest ended with {ended.code}: {ended.last_line()}")
        _mount("tmpfs", "tmpfs", case, AMPLE, "remount", "rw")
