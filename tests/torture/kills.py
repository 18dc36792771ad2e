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
SHORTER: Final = 0.85
LONGER: Final = 1.1
"""How the span of moments is fitted to what the machine does: after a kill that came too late, after one that met."""


def run(settings: Settings, outcome: Outcome) -> None:
    """Commands drawn one after the other, until there are enough kills that met one alive."""
    draw = random.Random(settings.seed)
    with _scenes.parsing_here():
        scenes = [_scenes.scene(settings.place / "scenes", name) for name in _scenes.COMMANDS]
        spans = {scene.name: _seconds(scene, settings) for scene in scenes}
        while int(outcome.figures.get("kills", 0)) < settings.pick(15, 150, 1000):
            scene = draw.choice(scenes)
            moments = [draw.uniform(0, spans[scene.name]), draw.uniform(0, spans[scene.name])]
            killed = _case(scene, settings, moments, outcome)
            spans[scene.name] *= LONGER if killed else SHORTER


def _seconds(scene: Scene, settings: Settings) -> float:
    scene.stage(settings.place / "case")
    started = time.monotonic()
    scene.act(settings.place, settings.place / "case")
    return time.monotonic() - started


def _case(scene: Scene, settings: Settings, moments: list[float], outcome: Outcome) -> bool:
    """Whether both kills met the command alive."""
    place, case = settings.place, settings.place / "case"
    scene.stage(case)
    wrong, met = [], 0
    for moment in moments:
        ended = scene.act(place, case, kill_after_s=moment)
        met += ended.code == KILLED
        outcome.count("kills" if ended.code == KILLED else "ended before its kill")
        wrong += mixed(look(place, case), scene)
    later, redone = finished(scene, place, case)
    outcome.count("embedded again", max(0, redone))
    if redone > 0:
        wrong.append(f"{redone} committed texts were embedded again")
    outcome.violations += [f"{scene.name}, killed after {moments}: {each}" for each in wrong + later]
    return met == len(moments)
