"""What verbs share once they run: settings, the open index, and the two streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from ragcli.commands._flags import common
from ragcli.config import DEFAULT_EMBEDDER, Color, Flags, Origin, embedder_name, settings
from ragcli.errors import RagcliError, StorageError, UsageError
from ragcli.render.jsonform import Value, dumps
from ragcli.render.layout import Look, look_of
from ragcli.render.place import Here
from ragcli.render.safe import name
from ragcli.types import Document, Fields, Filters, Warn

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.lock import Patience
    from ragcli.render.progress import Step
    from ragcli.store import Store

Words = tuple[int | None, int | None]
"""Least and most words of a snippet, None for what the index has."""
SUFFIXES: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Session:
    """One command's settings and streams. `flags` are those of config.Flags that the verb has."""

    def __init__(self, ctx: typer.Context, **flags: Any) -> None:
        self.flags = common(ctx)
        self.meta = ctx.meta
        color = None if self.flags.color is None else Color(self.flags.color)
        self.given = Flags(index=self.flags.index, color=color, **flags)
        self.settings = settings(self.given, os.environ, Path.cwd())

    @property
    def look(self) -> Look:
        """What stdout can show."""
        return look_of(sys.stdout, self.settings.color, os.environ)

    @contextmanager
    def open(
        self, *, embed: bool = True, write: bool = False, wait_s: float = 0.0, words: Words = (None, None)
    ) -> Iterator[Index]:
        """The index; with its embedder unless `embed` is false. A writer waits up to `wait_s` for another."""
        from ragcli.database import NAME
        from ragcli.index import open_index, pinned_model

        folder = self.settings.index
        fresh = write and not (folder / NAME).exists()
        spec = ""
        embedder = None
        if embed:
            spec = lasting(embedder_name(self.settings, None if fresh else pinned_model(folder)))
            embedder = make_embedder(spec, bulk=write)
        if fresh and self.settings.origin is Origin.NEW:
            self.notice(f"new index at {os.path.relpath(folder)}")
        if write:
            self._make(folder)
        notice = self.notice
        with open_index(folder, embedder, name=spec, words=words, write=write, wait_s=wait_s, notice=notice) as index:
            try:
                yield index
            finally:  # also after an error or Ctrl-C: some files may have left by then
                if write:
                    self.forget_gone(index.store)

    def _make(self, folder: Path) -> None:
        from ragcli.location import concern
        from ragcli.private import make_folder

        try:
            make_folder(folder)
        except OSError as error:
            message = f"cannot make the index folder {str(folder)!r}: {error.strerror}"
            raise StorageError(message, "--index DIR") from error
        if why := concern(folder):
            self.notice(f"{why}: the index may be damaged there; better: --index DIR")

    def patience(self, wait_s: float) -> Patience:
        """How long a command waits for another writer."""
        from ragcli.lock import Patience

        return Patience(wait_s, self.notice)

    def forget_gone(self, store: Store) -> None:
        """Takes what has left the index out of the log and the kept conversations too; what fails is a notice."""
        import sqlite3

        from ragcli import asklog, sessions
        from ragcli.census import Census

        known = Census(store.connection).known_refs
        for place, forget_gone, mend in (
            ("the log", asklog.forget_gone, "ragcli log --clear"),
            ("a session", sessions.forget_gone, "ragcli ask --session NAME --forget"),
        ):
            try:
                gone = forget_gone(self.settings.index, known)
            except (RagcliError, OSError, sqlite3.Error) as error:
                reason, hint = (error.message, error.hint) if isinstance(error, RagcliError) else (str(error), mend)
                self.notice(f"{place} may repeat what was removed: {reason}; {hint}")
            else:
                if gone:
                    self.notice(
                        f"{gone:,} answer{'s' if gone != 1 else ''} dropped from {place}: made from what is gone"
                    )

    def here(self, index: Index) -> Here:
        """From where paths are shown."""
        return Here(index.base, Path.cwd())

    def notice(self, text: str) -> None:
        """A line on stderr, unless --quiet."""
        if not self.flags.quiet:
            sys.stderr.write(f"ragcli: {name(text)}\n")

    def warn(self, warnings: Sequence[Warn]) -> None:
        """A notice for each."""
        for warning in warnings:
            self.notice(f"{warning.code.replace('_', ' ')}: {warning.detail}".removesuffix(": "))

    def progress(self, unit: str = "windows") -> AbstractContextManager[Step]:
        """A bar on stderr, as far as it is wanted there; `unit` is what its last figure counts."""
        from ragcli.render.progress import bar

        return bar(sys.stderr, wanted=not self.flags.quiet and os.environ.get("TERM") != "dumb", unit=unit)

    def emit(self, value: Value) -> None:
        """One JSON document as one line, written whole."""
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        sys.stdout.write(dumps(value, ascii_only=not utf8) + "\n")
        sys.stdout.flush()

    def show(self, text: str) -> None:
        """Rendered text, as it is."""
        sys.stdout.write(text)


def confirm(question: str) -> None:
    """Asks on the terminal. typer.Exit for a no; UsageError where nobody is there to be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("this is no terminal to ask on", "add --yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit


def lasting(model: str) -> str:
    """A model's folder by its whole path, since the index will be opened from other folders too; a name as it is."""
    return os.path.abspath(model) if model != DEFAULT_EMBEDDER and os.path.isdir(model) else model


def make_embedder(spec: str, *, bulk: bool) -> Any:
    """The embedder for a model's name or folder, or for "backend:rest"; `bulk` prefers speed over start-up."""
    from ragcli import backends, models

    return backends.create("embedder", models.choose(spec, bulk=bulk))


def make_reranker(spec: str, index: Index) -> Any:
    """The reranker of "name:rest", "" for the default one, reading with the index's embedder if it has one."""
    from ragcli import backends
    from ragcli.rerank import DEFAULT, NONE

    chosen = spec or DEFAULT
    reading = {} if chosen == NONE else {"embedder": index.embedder, "share": index.tuning.rerank}
    return backends.create("reranker", chosen, **reading)


def known_documents(index: Index, uris: Iterable[str]) -> Mapping[str, Document]:
    """The documents of these uris, for exact pages and surroundings."""
    found = {uri: index.store.document(uri) for uri in dict.fromkeys(uris)}
    return {uri: document for uri, document in found.items() if document is not None}


def uri_candidates(index: Index, path: str) -> list[str]:
    """The uris that a path on the command line may mean: as `ls` shows it, or as seen from here."""
    from ragcli.plan import uri_of

    return list(dict.fromkeys([path, uri_of(os.path.abspath(path), index.base)]))


def pairs(values: Sequence[str], flag: str) -> Fields:
    """key=value flags in order."""
    split = [value.partition("=") for value in values]
    for key, equals, _ in split:
        if not key or not equals:
            raise UsageError(f"{flag} takes key=value", f"such as {flag} year=2024")
    return tuple((key, value) for key, _, value in split)


def filters(paths: Sequence[str], where: Sequence[str]) -> Filters:
    """--path and --where."""
    return Filters(tuple(paths), pairs(where, "--where"))


def size_bytes(value: str) -> int:
    """ "500k", "20M", "1G" or plain bytes."""
    number, suffix = (value[:-1], value[-1:].lower()) if value[-1:].isalpha() else (value, "")
    if not (number.isascii() and number.isdecimal()) or len(number) > 12 or suffix not in SUFFIXES:
        raise UsageError(f"{value!r} is no size", "such as 500k, 20M or 1G")
    return int(number) * SUFFIXES[suffix]
