"""What a shell completes besides verbs and flags: documents and refs of the index, sessions, names of backends.

Reads SQLite and imports nothing heavy: a completion has to be there before the next key. What fails offers nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ragcli.commands._flags import common
from ragcli.errors import RagcliError

if TYPE_CHECKING:
    from ragcli.census import Census

MOST: Final = 100
# Zsh evaluates what it is offered, so nothing is offered that means something to a shell. Bash takes a blank for
# the end of a word, the others quote it themselves.
_PLAIN: Final = re.compile(r"[\w./+,@%=-]+")
_PLAIN_OR_BLANK: Final = re.compile(r"[\w./+,@%= -]+")


def documents(ctx: typer.Context, incomplete: str) -> list[str]:
    """Files as `ls` shows them."""
    return _offered(ctx, lambda census: census.uris_from(incomplete, MOST))


def documents_and_refs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Files, and once a letter is there the refs of snippets."""
    found = documents(ctx, incomplete)
    return found + (_offered(ctx, lambda census: census.refs_from(incomplete, MOST)) if incomplete else [])


def sessions_by_name(ctx: typer.Context, incomplete: str) -> list[str]:
    """The conversations that are kept by name."""
    from ragcli import sessions

    try:
        names = sessions.names(_folder(ctx))
    except (RagcliError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete) and _plain(name)]


def backends_of(family: str) -> Callable[[str], list[str]]:
    """Completes the names of a family's backends."""

    def names(incomplete: str) -> list[str]:
        from ragcli import backends

        return [name for name in backends.names(family) if name.startswith(incomplete)]

    return names


def one_of(*words: str) -> Callable[[str], list[str]]:
    """Completes one of some words."""

    def matching(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return matching


def schemas(incomplete: str) -> list[str]:
    """The names that `schema` knows."""
    from importlib.resources import files

    names = (file.name for file in (files("ragcli") / "schemas").iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.startswith(incomplete))


def _folder(ctx: typer.Context) -> Path:
    from ragcli.config import Flags, settings

    return settings(Flags(index=common(ctx).index), os.environ, Path.cwd()).index


def _offered(ctx: typer.Context, ask: Callable[[Census], list[str]]) -> list[str]:
    import sqlite3

    from ragcli.census import Census
    from ragcli.database import NAME, connect

    try:
        path = _folder(ctx) / NAME
        if not path.is_file():
            return []
        with closing(connect(path, write=False)) as connection:
            return [name for name in ask(Census(connection)) if _plain(name)]
    except (RagcliError, OSError, sqlite3.Error):
        return []


def _plain(name: str) -> bool:
    allowed = _PLAIN if os.environ.get("_RAGCLI_COMPLETE", "").endswith("bash") else _PLAIN_OR_BLANK
    return allowed.fullmatch(name) is not None and not name.startswith("-")
