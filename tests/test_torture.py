"""A small part of `make torture`, the same for everybody: seed 1."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PARTS = {"cuts", "crowd", "faults", "kills", "rot", "tree"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the brief run says of each part."""
    only = [argument for part in sorted(PARTS) for argument in ("--only", part)]
    command = [sys.executable, "-m", "tests.torture", "--brief", "--seed", "1", "--json", *only]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.stdout, run.stderr
    parts: dict[str, Any] = json.loads(run.stdout)["parts"]
    return parts


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_share_of_the_torture_finds_nothing(told: dict[str, Any], part: str) -> None:
    assert told[part]["violations"] == []


def test_the_share_is_not_empty(told: dict[str, Any]) -> None:
    figures = {part: told[part]["figures"] for part in PARTS}
    assert figures["kills"]["kills"] >= 15
    assert figures["rot"]["caches damaged"] == figures["rot"]["database bits damaged"] == 100
    assert figures["crowd"]["answers"] == 12
    assert figures["tree"]["stored before Ctrl-C"] >= 20
    if "not run" not in figures["faults"]:  # no C compiler
        assert figures["faults"]["kill"] + figures["faults"]["torn"] > 0
        assert figures["cuts"]["cut, only what was synced"] > 0
