"""Tells under which licence a model's weights are, once for each model and commit."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ragcli.checkpoints import NON_COMMERCIAL, Checkpoint
from ragcli.private import write_whole

FILE: Final = "licences.json"
LARGEST_BYTES: Final = 1 << 16
OURS: Final = "ragcli itself is Apache-2.0 and includes no model"


def place() -> Path:
    """The file in the user's folder for state."""
    import platformdirs  # noqa: PLC0415 - a large model alone needs it

    return Path(platformdirs.user_state_dir("ragcli", appauthor=False)) / FILE


def sentence(found: Checkpoint) -> str:
    """What is to be known before the model is used."""
    which = f"{found.name} ({found.revision[:12]})" if found.revision else found.name
    if found.licence == NON_COMMERCIAL:
        terms = "licence CC-BY-NC-4.0 with Cohere's acceptable use policy: non-commercial use only"
        return f"{which}: {terms}; commercial use needs an agreement with Cohere. {OURS}"
    if found.licence:
        return f"{which}: licence {found.licence}, says its model card. {OURS}"
    return f"{which}: its files state no licence; look where they came from. {OURS}"


def tell_once(found: Checkpoint, say: Callable[[str], None], path: Path | None = None) -> None:
    """Says it, and writes down that it was said; where that fails it is said again the next time."""
    path = path or place()
    key = f"{found.name}@{found.revision} {found.licence}"
    told = _told(path)
    if key in told:
        return
    say(sentence(found))
    told[key] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with contextlib.suppress(OSError):  # a folder that cannot be written to
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(told, indent=1).encode())


def _told(path: Path) -> dict[str, str]:
    """When each was told; nothing where the file is absent or damaged."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
