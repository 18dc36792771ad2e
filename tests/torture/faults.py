"""Every write, sync, rename, truncation, creation and removal of every command that writes: a kill before it, a kill
in the middle of it, a full disk from it on, an I/O error in it. Old or new each time, and the next run finishes."""

from __future__ import annotations

import random
import signal
from typing import Final

from tests.torture import _scenes
from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import Scene, finished, look, mixed
from tests.torture._shim import Aim, Fault

NEEDS_SHIM: Final = True
KILLED: Final = -signal.SIGKILL
STORAGE: Final = 10


def run(settings: Settings, outcome: Outcome) -> None:
    """All of them, in an order drawn by the seed, so that a run that is stopped was a fair sample."""
    draw, cases = random.Random(settings.seed), list[tuple[Scene, Aim]]()
    with _scenes.parsing_here():
        for name in _scenes.COMMANDS:
            scene = _scenes.scene(settings.place / "scenes", name)
            changes = _scenes.count_calls(scene, settings.place, settings.place / "case")
            outcome.figures[f"calls of {name}"] = len(changes)
            aims = [
                Aim(settings.place / "case", fault, at)
                for at, change in enumerate(changes, 1)
                for fault in _faults(change.kind)
            ]
            share = min(len(aims), settings.pick(6, 150, len(aims)))
            cases += [(scene, aim) for aim in draw.sample(aims, share)]
        outcome.figures["cases"] = len(cases)
        for scene, aim in draw.sample(cases, len(cases)):
            _case(scene, settings, aim, outcome)
            outcome.count("cases done")


def _faults(kind: str) -> tuple[Fault, ...]:
    """Only a write can be torn."""
    return (Fault.KILL, Fault.TORN, Fault.FULL, Fault.BROKEN) if kind == "W" else (Fault.KILL, Fault.FULL, Fault.BROKEN)


def _case(scene: Scene, settings: Settings, aim: Aim, outcome: Outcome) -> None:
    place, case = settings.place, aim.folder
    scene.stage(case)
    ended = scene.act(place, case, aim=aim)
    outcome.count(aim.fault.name.lower())
    wrong = []
    if aim.fault in (Fault.KILL, Fault.TORN):
        if ended.code != KILLED:
            wrong.append(f"was to be killed, and ended with {ended.code}")
    elif ended.code not in (0, STORAGE):
        wrong.append(f"ended with {ended.code}: {ended.last_line()}")
    elif ended.code == STORAGE:
        outcome.count("named: exit 10")
    else:
        outcome.count("absorbed: exit 0")
    wrong += mixed(look(place, case), scene)
    later, redone = finished(scene, place, case)
    outcome.count("embedded again", max(0, redone))
    if redone > 0:
        wrong.append(f"{redone} committed texts were embedded again")
    outcome.violations += [f"{scene.name}, {aim.fault.name} at {aim.at}: {each}" for each in wrong + later]
