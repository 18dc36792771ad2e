"""Whether what ragcli runs on is whole: packages without known holes, SQLite, the model. Imports none of them."""

from __future__ import annotations

import hashlib
import re
import shlex
import sqlite3
import sys
from importlib import metadata
from typing import Final

from ragcli import backends, models
from ragcli.errors import RagcliError
from ragcli.reports import Check, Verdict
from ragcli.rows import Pins

Version = tuple[int, ...]

HOLES: Final[dict[str, tuple[Version, str]]] = {
    "torch": ((2, 10), "CVE-2026-24747: loading weights could run code"),
    "transformers": ((5, 3), "CVE-2026-4372, CVE-2026-5241: loading a model could run code"),
    "sentence-transformers": ((6,), "ran the code of local model folders"),
    "pypdf": ((7,), "no limits on what a file may cost"),
}
"""Per package the first version without the hole, and the hole."""
WAL_RESET: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""Versions of SQLite from which, each in its own line, two writers cannot lose a commit."""
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
_OWN_WEIGHTS: Final = frozenset({"bert", "ort", "sentence"})


def packages() -> Check:
    """Every package that ragcli needs is there, and none with a known hole is."""
    needed = [found[0] for line in _requirements() if (found := _NAME.match(line))]
    installed = {name: version_of(name) for name in {*needed, *HOLES}}
    missing = sorted(name for name in needed if not installed[name])
    if missing:
        return Check("packages", Verdict.FAILED, f"not installed: {', '.join(missing)}", _pip(missing))
    holes = {n: why for n, (first, why) in HOLES.items() if installed[n] and parsed(installed[n]) < first}
    if holes:
        told = "; ".join(f"{name} {installed[name]}: {why}" for name, why in sorted(holes.items()))
        wanted = [f"{name}>={'.'.join(map(str, HOLES[name][0]))}" for name in sorted(holes)]
        return Check("packages", Verdict.FAILED, told, _pip(wanted))
    return Check("packages", Verdict.OK, f"all {len(needed)} there, none with a known hole")


def _requirements() -> list[str]:
    """What the installed ragcli says it needs, extras left out; nothing where it runs from a plain folder."""
    try:
        return [line for line in metadata.requires("ragcli") or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return []


def version_of(package: str) -> str:
    """The version that is installed, "" if none is."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def parsed(version: str) -> Version:
    """The leading numbers: "2.13.0+cpu" -> (2, 13, 0)."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def _pip(wanted: list[str]) -> str:
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.join(wanted)}"


def sqlite() -> Check:
    """SQLite's version; one with the WAL-reset bug is safe under our one writer, and is named."""
    found, line = sqlite3.sqlite_version_info, sqlite3.sqlite_version
    mended = found >= WAL_RESET[0] or any(found[:2] == first[:2] and found >= first for first in WAL_RESET[1:])
    note = "" if mended else ", which can lose commits of two writers at once: ragcli lets only one write"
    return Check("sqlite", Verdict.OK, f"SQLite {line}{note}")


def model(name: str, pins: Pins | None, *, deep: bool, mend: str) -> Check:
    """The model `name` is on this machine, as it was pulled, and gives the vectors that the index holds. With `deep`
    its weights are read; otherwise a hash is believed as long as the file's stat is the same. `mend` re-embeds."""
    try:
        spec = models.choose(name, bulk=False)
        backend, _, rest = spec.partition(":")
        if backend in _OWN_WEIGHTS:
            folder = models.find(rest)
            fingerprint = models.fingerprint(folder)
            if deep and _fresh_sha256(str(folder.path / "model.safetensors")) != folder.sha256:
                detail = f"the weights in {folder.path} changed without a trace in their stat: the disk may be failing"
                return Check("model", Verdict.FAILED, detail, f"ragcli models pull {shlex.quote(name)}")
        else:
            fingerprint = backends.create("embedder", spec).fingerprint
    except RagcliError as error:
        return Check("model", Verdict.FAILED, error.message, error.hint)
    if pins is not None and fingerprint != pins.fingerprint:
        detail = f"{name} gives other vectors ({fingerprint}) than the index holds ({pins.fingerprint})"
        return Check("model", Verdict.FAILED, detail, mend)
    return Check("model", Verdict.OK, f"{name} ({fingerprint})")


def _fresh_sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
