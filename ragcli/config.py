"""Flags over environment over the project's file over the user's over defaults; and which index is meant."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from ragcli.errors import DamagedIndex, UsageError
from ragcli.types import CitationMode

FOLDER: Final = ".ragcli"
PROJECT_FILE: Final = "ragcli.toml"
LONGEST_FILE: Final = 1 << 16
DEFAULT_EMBEDDER: Final = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_RUNTIME: Final = "extractive"
SEARCH_K: Final = 10
ASK_K: Final = 5
MAX_K: Final = 1000
ME: Final = os.getuid() if hasattr(os, "getuid") else None  # no such thing on Windows

ENVIRONMENT: Final = (
    ("RAGCLI_INDEX", "the index folder; otherwise the nearest .ragcli upward from here"),
    ("RAGCLI_EMBEDDER", "the embedder, as with --embedder"),
    ("RAGCLI_RUNTIME", "the runtime, as with --runtime"),
    ("RAGCLI_K", "how many snippets a question gets, as with -k"),
    ("RAGCLI_CITATION_MODE", "accurate, fast or off, as with --citation-mode"),
    ("RAGCLI_COLOR", "auto, always or never, as with --color"),
    ("RAGCLI_LOG", "true or false: whether `ragcli log` remembers, as with --log and --no-log"),
    ("RAGCLI_HISTORY", "the file that keeps what is typed in conversations; off: none"),
    ("XDG_CONFIG_HOME", "holds ragcli/config.toml, the user's file; otherwise ~/.config"),
    ("NO_COLOR", "set and not empty: no color unless --color always"),
)

C = TypeVar("C", bound=StrEnum)


class Origin(StrEnum):
    """Where a value came from; `found` and `new` are an index folder's."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    PROJECT = "project"
    USER = "user"
    FOUND = "found"
    NEW = "new"
    DEFAULT = "default"


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
    log: bool | None = None


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
    log: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """A setting's value, and where it came from: `where` is the variable or the file, "" for neither."""

    value: Any
    origin: Origin
    where: str = ""


def settings(flags: Flags, environ: Mapping[str, str], cwd: Path) -> Settings:
    """What holds; UsageError for a value that is none of the allowed, naming where it stands."""
    chosen = resolve(flags, environ, cwd)
    return Settings(origin=chosen["index"].origin, **{name: each.value for name, each in chosen.items()})


def resolve(flags: Flags, environ: Mapping[str, str], cwd: Path) -> dict[str, Chosen]:
    """Every setting by name with its origin. UsageError, DamagedIndex."""
    files = [read(path, origin) for path, origin in config_files(environ, cwd)]
    found = {"index": find_index(flags.index, environ, cwd, files)}
    for field in fields(Flags)[1:]:
        default = Chosen(DEFAULTS.get(field.name), Origin.DEFAULT)
        flag = getattr(flags, field.name)
        layers = [None if flag is None else Chosen(flag, Origin.FLAG), _variable(field.name, environ)]
        layers += [file.get(field.name) for file in files]
        found[field.name] = next(filter(None, layers), default)
    return found


def _variable(name: str, environ: Mapping[str, str]) -> Chosen | None:
    variable = f"RAGCLI_{name.upper()}"
    value = environ.get(variable, "")
    if not value:
        return None
    return Chosen(_parsed(name, value, variable, "ragcli help environment"), Origin.ENVIRONMENT, variable)


def _parsed(name: str, value: object, where: str, hint: str) -> Any:
    try:
        return KEYS[name](value)
    except ValueError as error:
        raise UsageError(f"{where} is {value!r}: {error}", hint) from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _k(value: object) -> int:
    number = int(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else 0
    if not 1 <= number <= MAX_K:
        raise ValueError(f"not in 1..{MAX_K}")
    return number


def _one_of(kind: type[C]) -> Callable[[object], C]:
    def parse(value: object) -> C:
        if value not in list(kind):
            raise ValueError(f"not one of {', '.join(kind)}")
        return kind(str(value))

    return parse


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in {"true", "1", "yes", "on", "false", "0", "no", "off"}:
        raise ValueError("not true or false")
    return value in {"true", "1", "yes", "on"}


KEYS: Final[Mapping[str, Callable[[object], Any]]] = {
    "index": _text,
    "embedder": _text,
    "runtime": _text,
    "k": _k,
    "citation_mode": _one_of(CitationMode),
    "color": _one_of(Color),
    "log": _switch,
}
DEFAULTS: Final[Mapping[str, Any]] = {
    "embedder": "",
    "runtime": DEFAULT_RUNTIME,
    "citation_mode": CitationMode.ACCURATE,
    "color": Color.AUTO,
    "log": True,
}
PERSONAL: Final = ("embedder", "runtime")
"""What a project's file must not choose: both name weights to load, and the file may have come with a download."""


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Where the user's file is or would be; None for a user without a home."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    base = environ.get("XDG_CONFIG_HOME") or (home and os.path.join(home, ".config"))
    return Path(base, "ragcli", "config.toml") if base and os.path.isabs(base) else None


def project_file(cwd: Path) -> Path | None:
    """The nearest ragcli.toml upward."""
    return next((folder / PROJECT_FILE for folder in (cwd, *cwd.parents) if (folder / PROJECT_FILE).is_file()), None)


def config_files(environ: Mapping[str, str], cwd: Path) -> list[tuple[Path, Origin]]:
    """The files that are there, the stronger first."""
    places = ((project_file(cwd), Origin.PROJECT), (user_file(environ), Origin.USER))
    return [(path, origin) for path, origin in places if path is not None and path.is_file()]


def read(path: Path, origin: Origin) -> dict[str, Chosen]:
    """A configuration file's values. UsageError names the file and the key that is wrong."""
    import tomllib  # noqa: PLC0415 - only where there is a file

    try:
        if origin is Origin.PROJECT:
            _check_writers(path)
        with path.open("rb") as stream:
            raw = stream.read(LONGEST_FILE + 1)
        values = tomllib.loads(raw.decode("utf-8")) if len(raw) <= LONGEST_FILE else None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "make it readable, or remove it") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}", "such as: k = 8") from error
    if values is None:
        raise UsageError(f"{path}: longer than {LONGEST_FILE:,} bytes", f"keys: {', '.join(KEYS)}")
    for name in values:
        if name not in KEYS:
            raise UsageError(f"{path}: unknown key {name!r}", f"keys: {', '.join(KEYS)}")
        if origin is Origin.PROJECT and name in PERSONAL:
            mend = f"give --{name}, or set it in your own file: ragcli config path"
            raise UsageError(f"{path}: {name!r} is not for a project's file, which may come from elsewhere", mend)
    return {
        name: Chosen(_parsed(name, value, f"{path}: {name!r}", "ragcli config --help"), origin, str(path))
        for name, value in values.items()
    }


def _check_writers(path: Path) -> None:
    """UsageError for a project's file that another user owns or everyone may write."""
    facts = path.stat()
    stranger = ME is not None and facts.st_uid not in (ME, 0)
    if stranger or (os.name == "posix" and facts.st_mode & stat.S_IWOTH):
        mend = f"if you trust it: chown and chmod o-w {path}"
        raise UsageError(f"{path}: {'belongs to another user' if stranger else 'everyone may write to it'}", mend)


def find_index(
    flag: str | None, environ: Mapping[str, str], cwd: Path, files: list[dict[str, Chosen]] | None = None
) -> Chosen:
    """--index, else RAGCLI_INDEX, else upward from here the nearest of a project file's `index` and a .ragcli
    folder, else the user file's, else ./.ragcli (not there yet). The value is a Path.

    DamagedIndex for a folder met on the way up that is a link or another user's: it did not come from here.
    """
    if flag:
        return Chosen(Path(flag).expanduser(), Origin.FLAG)
    if environ.get("RAGCLI_INDEX"):
        return Chosen(Path(environ["RAGCLI_INDEX"]).expanduser(), Origin.ENVIRONMENT, "RAGCLI_INDEX")
    named = {each["index"].origin: each["index"] for each in files or [] if "index" in each}
    for folder in (cwd, *cwd.parents):
        project = named.get(Origin.PROJECT)
        if project is not None and Path(project.where).parent == folder:
            return _inside(project, folder)
        candidate = folder / FOLDER
        if candidate.is_dir():
            check_owner(candidate)
            return Chosen(candidate, Origin.FOUND)
    if Origin.USER in named:
        own = named[Origin.USER]
        path = Path(own.value).expanduser()
        if not path.is_absolute():
            raise UsageError(f"{own.where}: 'index' is {own.value!r}: not an absolute path", "such as ~/notes/.ragcli")
        return Chosen(path, Origin.USER, own.where)
    return Chosen(cwd / FOLDER, Origin.NEW)


def _inside(project: Chosen, folder: Path) -> Chosen:
    """A project's index lies in the project's folder, and is as little trusted as one that was found there."""
    path = folder / project.value
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"{project.where}: 'index' is {project.value!r}: not inside the project's folder"
        raise UsageError(message, "name it with --index or RAGCLI_INDEX")
    if path.is_dir():
        check_owner(path)
    return Chosen(path, Origin.PROJECT, project.where)


def check_owner(folder: Path, user: int | None = ME) -> None:
    """DamagedIndex where the folder is a link or is not the user's."""
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
    if pinned and pinned != DEFAULT_EMBEDDER and chosen.origin in {Origin.FOUND, Origin.PROJECT}:
        raise DamagedIndex(
            f"the index at {str(chosen.index)!r} asks for the embedder {pinned!r}, which is not the default",
            f"if you trust it, name the embedder: --embedder {pinned}",
        )
    return pinned or DEFAULT_EMBEDDER
