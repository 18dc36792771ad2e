"""Flags over environment over defaults; and which index is meant, and whether it may name its embedder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from ragcli.errors import DamagedIndex, UsageError
from ragcli.types import CitationMode

FOLDER: Final = ".ragcli"
DEFAULT_EMBEDDER: Final = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_RUNTIME: Final = "extractive"
SEARCH_K: Final = 10
ASK_K: Final = 5
MAX_K: Final = 1000

ENVIRONMENT: Final = (
    ("RAGCLI_INDEX", "the index folder; otherwise the nearest .ragcli upward from here"),
    ("RAGCLI_EMBEDDER", "the embedder, as with --embedder"),
    ("RAGCLI_RUNTIME", "the runtime, as with --runtime"),
    ("RAGCLI_K", "how many snippets a question gets, as with -k"),
    ("RAGCLI_CITATION_MODE", "accurate, fast or off, as with --citation-mode"),
    ("RAGCLI_COLOR", "auto, always or never, as with --color"),
    ("NO_COLOR", "set and not empty: no color unless --color always"),
)

T = TypeVar("T")


class Origin(StrEnum):
    """How the index folder was determined."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FOUND = "found"
    NEW = "new"


class Color(StrEnum):
    """When to use color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; None where it says nothing."""

    index: str | None = None
    embedder: str | None = None
    runtime: str | None = None
    k: int | None = None
    citation_mode: CitationMode | None = None
    color: Color | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one command. `embedder` is "" and `k` None where the user named none."""

    index: Path
    origin: Origin
    embedder: str
    runtime: str
    k: int | None
    citation_mode: CitationMode
    color: Color


def settings(flags: Flags, environ: Mapping[str, str], cwd: Path) -> Settings:
    """Flags, else environment, else defaults. UsageError for a value that is none of the allowed."""
    index, origin = find_index(flags.index, environ, cwd)
    return Settings(
        index=index,
        origin=origin,
        embedder=_first(flags.embedder, environ, "RAGCLI_EMBEDDER", str, ""),
        runtime=_first(flags.runtime, environ, "RAGCLI_RUNTIME", str, DEFAULT_RUNTIME),
        k=_first(flags.k, environ, "RAGCLI_K", _k, None),
        citation_mode=_first(flags.citation_mode, environ, "RAGCLI_CITATION_MODE", CitationMode, CitationMode.ACCURATE),
        color=_first(flags.color, environ, "RAGCLI_COLOR", Color, Color.AUTO),
    )


def _first(flag: T | None, environ: Mapping[str, str], variable: str, parse: Callable[[str], T], default: T) -> T:
    if flag is not None:
        return flag
    value = environ.get(variable, "")
    if not value:
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise UsageError(f"{variable} is {value!r}: {error}", "ragcli help environment") from error


def _k(value: str) -> int | None:
    number = int(value)
    if not 1 <= number <= MAX_K:
        raise ValueError(f"not in 1..{MAX_K}")
    return number


def find_index(flag: str | None, environ: Mapping[str, str], cwd: Path) -> tuple[Path, Origin]:
    """--index, else RAGCLI_INDEX, else the nearest .ragcli folder upward, else ./.ragcli (not there yet).

    DamagedIndex for a .ragcli met on the way up that is a link or another user's: it did not come from here.
    """
    if flag:
        return Path(flag).expanduser(), Origin.FLAG
    if environ.get("RAGCLI_INDEX"):
        return Path(environ["RAGCLI_INDEX"]).expanduser(), Origin.ENVIRONMENT
    for folder in (cwd, *cwd.parents):
        candidate = folder / FOLDER
        if candidate.is_dir():
            check_owner(candidate, os.getuid() if hasattr(os, "getuid") else None)
            return candidate, Origin.FOUND
    return cwd / FOLDER, Origin.NEW


def check_owner(folder: Path, user: int | None) -> None:
    """DamagedIndex where the folder is a link or is not the user's (None: the system knows no users)."""
    mend = f"if you trust it, name it: --index {folder}"
    if folder.is_symlink():
        raise DamagedIndex(f"{str(folder)!r} is a link to another folder", mend)
    if user is not None and folder.stat().st_uid != user:
        raise DamagedIndex(f"{str(folder)!r} belongs to another user", mend)


def embedder_name(chosen: Settings, pinned: str | None) -> str:
    """The embedder to load: the user's, else the index's own, else the default.

    An index that was merely found (it may have come with a downloaded tree) chooses no model but the default:
    DamagedIndex unless the user names one.
    """
    if chosen.embedder:
        return chosen.embedder
    if pinned and pinned != DEFAULT_EMBEDDER and chosen.origin is Origin.FOUND:
        raise DamagedIndex(
            f"the index at {str(chosen.index)!r} asks for the embedder {pinned!r}, which is not the default",
            f"if you trust it, name the embedder: --embedder {pinned}",
        )
    return pinned or DEFAULT_EMBEDDER
