"""Payloads in every place where a foreign string can stand, under a pseudo-terminal.

RAGCLI_PAYLOADS names a file of more of them, one a line: lists that others keep.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.hostile.terminal import PLACES, commands, fill, on_terminal
from tests.hostile.test_terminal import HARMLESS, YELLOW
from tests.render.hostile import PAYLOADS
from tests.torture._figures import Outcome, Settings

CHUNK_BYTES = 150
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "80", "RAGCLI_EMBEDDER": "hashing:64"}


def run(settings: Settings, found: Outcome) -> None:
    """All payloads, a few at once, so that a file's name holds them whole; a brief run takes each tenth group."""
    os.environ.update(TERMINAL)
    os.environ.pop("NO_COLOR", None)
    found.figures |= {"payloads": 0, "places": len(PLACES), "commands": 0, "foreign characters": 0}
    here = os.getcwd()
    ours = set(YELLOW)
    _show(settings.place / "calm", HARMLESS, ours, Outcome(), learn=True)
    for number, group in enumerate(list(_groups([*PAYLOADS, *_more()]))[:: settings.pick(10, 1, 1)]):
        found.count("payloads", len(group))
        _show(settings.place / str(number), " ".join(group), ours, found)
    os.chdir(here)


def _show(place: Path, payload: str, ours: set[str], found: Outcome, *, learn: bool = False) -> None:
    root = place / "notes"
    places = fill(root, payload)
    os.chdir(root)
    for args in commands(root, payload, places):
        shown = on_terminal(*args)
        if learn:
            ours |= shown.sequences()
            continue
        found.count("commands")
        foreign = shown.foreign(ours)
        found.count("foreign characters", len(foreign))
        if foreign or shown.code not in range(11):
            found.violations.append(f"{args!r}: {foreign[:9]!r}, exit {shown.code}")
        if "--json" in args:
            try:
                if not shown.documents():
                    found.violations.append(f"{args!r}: no JSON")
            except ValueError as error:
                found.violations.append(f"{args!r}: {error}")


def _groups(payloads: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for payload in payloads:
        if group and len(" ".join([*group, payload]).encode("utf-8", "replace")) > CHUNK_BYTES:
            yield group
            group = []
        group.append(payload)
    if group:
        yield group


def _more() -> list[str]:
    named = os.environ.get("RAGCLI_PAYLOADS", "")
    if not named:
        return []
    lines = Path(named).read_text("utf-8", "surrogateescape").split("\n")
    return [line for line in lines if line and not line.startswith("#")]
