"""Finds a backend by its file: `create("runtime", "command_r:PATH")` calls `ragcli.runtime.command_r.create`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from typing import Any

from ragcli.errors import MissingError, UnknownBackend

FAMILIES = {
    "embedder": "embedders",
    "vectors": "vectors",
    "lexicon": "lexicons",
    "reranker": "rerankers",
    "entailer": "entailers",
    "runtime": "runtime",
}


def names(family: str) -> list[str]:
    """The backends of a family: the public modules of its folder."""
    package = importlib.import_module(f"ragcli.{FAMILIES[family]}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def create(family: str, spec: str, /, **options: Any) -> Any:
    """The backend that `spec` ("name" or "name:rest") names, made by its module's `create(rest, **options)`.

    Raises UnknownBackend for a name that is no file of the family, MissingError where its package is absent.
    """
    name, _, rest = spec.partition(":")
    name = name.replace("-", "_")
    known = names(family)
    if name not in known:
        raise UnknownBackend(f"no {family} named {name!r}; known: {', '.join(known)}")
    try:
        module = importlib.import_module(f"ragcli.{FAMILIES[family]}.{name}")
        return module.create(rest, **options)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "ragcli":
            raise
        message = f"{family} {name!r} needs the package {error.name!r}"
        raise MissingError(message, f"pip install {error.name}") from error
