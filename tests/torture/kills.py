"""SIGKILL at random moments of each command that writes, then of the run that mends what the first kill left; then
the checker, a last run that finishes, and the count of what was embedded."""

from __future__ import annotations

import random
import signal
import time
from typing import Final

from tests.torture import _scenes
from tests.torture._figures import Outcome, Settings
from tests.torture._scenes import Scene, finished, look, mixed

KILLED: Final = -signal.SIGKILL
LATE: Final = 1.1
"""Of a command's time: the latest moment of a kill."""


def run(settings: Settings, outcome: Outcome) -> None:
    """As many kills of each command, until there are enough that met it alive."""
    draw = random.Random(settings.seed)
    wanted = settings.pick(15, 150, 1000) // len(_scenes.COMMANDS) + 1
    with _scenes.parsing_here():
        for name in _scenes.COMMANDS:
            scene = _scenes.scene(settings.place / "scenes", name)
            span = _seconds(scene, settings)
            before = int(outcome.figures.get("kills", 0))
            while int(outcome.figures.get("kills", 0)) - before < wanted:
                _case(scene, settings, [draw.uniform(0, LATE * span), draw.uniform(0, LATE * span)], outcome)


def _seconds(scene: Scene, settings: Settings) -> float:
    scene.stage(settings.place / "case")
    started = time.monotonic()
    scene.act(settings.place, settings.place / "case")
    return time.monotonic() - started


def _case(scene: Scene, settings: Settings, moments: list[float], outcome: Outcome) -> None:
    place, case = settings.place, settings.place / "case"
    scene.stage(case)
    wrong = []
    for moment in moments:
        ended = scene.act(place, case, kill_after_s=moment)
        outcome.count("kills" if ended.code == KILLED else "ended before its kill")
        wrong += mixed(look(place, case), scene)
    later, redone = finished(scene, place, case)
    outcome.count("embedded again", max(0, redone))
    if redone > 0:
        wrong.append(f"{redone} committed texts were embedded again")
    outcome.violations += [f"{scene.name}, killed after {moments}: {each}" for each in wrong + later]
