"""A payload from every place, under a pseudo-terminal: nothing foreign acts, JSON is JSON, nothing crashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.terminal import PLACES, Shown, commands, fill, on_terminal
from tests.render.hostile import PAYLOADS

HARMLESS = "harmless"
YELLOW = ("\x1b[33m",)  # of notices that only odd answers get
CHUNKS = ["".join(PAYLOADS[at::2]) for at in range(2)]


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "RAGCLI_COLOR", "RAGCLI_INDEX", "RAGCLI_RUNTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RAGCLI_EMBEDDER", "hashing:64")


def shown(root: Path, payload: str, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, ...], Shown]:
    places = fill(root, payload)
    monkeypatch.chdir(root)
    return {args: on_terminal(*args) for args in commands(root, payload, places)}


def test_x1_to_x14_nothing_foreign_acts_on_a_terminal_from_any_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = shown(tmp_path / "calm" / "notes", HARMLESS, monkeypatch)
    ours = set(YELLOW).union(*(each.sequences() for each in calm.values()))
    for number, payload in enumerate(CHUNKS):
        for args, each in shown(tmp_path / str(number) / "notes", payload, monkeypatch).items():
            assert each.foreign(ours) == [], args
            assert each.code in range(11), (args, each.output)
            if "--json" in args:
                assert each.documents(), args


def test_there_are_ten_places_and_more() -> None:
    assert len(set(PLACES)) >= 10
    assert len(PAYLOADS) >= 40
