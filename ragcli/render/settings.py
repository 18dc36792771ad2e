"""The settings that hold, as the lines of a configuration file, and the files they may stand in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from ragcli.errors import EXIT_OK
from ragcli.render.jsonform import Value, path_value
from ragcli.render.safe import name, safe_json

UNSET = {"embedder": "the index's own, else the default", "k": "10 for search, 5 for ask"}


class Row(NamedTuple):
    """A setting: `value` is None or "" where nothing was chosen; `where` is a variable or a file."""

    key: str
    value: Any
    origin: str
    where: str


def text(rows: Sequence[Row], *, origin: bool) -> str:
    """TOML, so that a line can be put into a file; with `origin` each line says where its value is from."""
    lines = [(_line(row), f"  # {row.origin}{f' {name(row.where)}' if row.where else ''}") for row in rows]
    width = max(len(line) for line, _ in lines)
    return "".join(f"{line.ljust(width)}{source}\n" if origin else f"{line}\n" for line, source in lines)


def _line(row: Row) -> str:
    if row.value in (None, ""):
        return f"# {row.key}: {UNSET.get(row.key, 'not set')}"
    if isinstance(row.value, (bool, int)):
        return f"{row.key} = {json.dumps(row.value)}"
    return f"{row.key} = {safe_json(json.dumps(name(str(row.value)), ensure_ascii=False))}"


def value(rows: Sequence[Row]) -> Value:
    """ragcli.config/1."""
    settings = {
        row.key: {
            "value": _plain(row.value),
            "origin": row.origin,
            "where": path_value(row.where) if row.where else None,
        }
        for row in rows
    }
    return {"schema": "ragcli.config/1", "ok": True, "exit_code": EXIT_OK, "settings": settings}


def _plain(chosen: Any) -> Any:
    if chosen in (None, ""):
        return None
    return chosen if isinstance(chosen, (bool, int)) else path_value(str(chosen))


def files_text(rows: Sequence[tuple[str, str, bool]]) -> str:
    """One line a file: whose, path, and whether it is there."""
    return "".join(f"{kind:<8} {name(path)}{'' if there else '  (not there)'}\n" for kind, path, there in rows)


def files_value(rows: Sequence[tuple[str, str, bool]]) -> Value:
    """ragcli.config_files/1."""
    files = [{"kind": kind, "path": path_value(path), "exists": there} for kind, path, there in rows]
    return {"schema": "ragcli.config_files/1", "ok": True, "exit_code": EXIT_OK, "files": files}
