"""ragcli ingest --watch: ingests again whenever something changes, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from ragcli.errors import Busy, MissingError, StorageError, UsageError
from ragcli.types import IngestReport

if TYPE_CHECKING:
    from ragcli.commands._session import Session

TICK_MS: Final = 1000
DEBOUNCE_MS: Final = 1600
"""The longest wait for changes to end before they are taken in."""
QUIET_MS: Final = 200


def need_watchfiles() -> ModuleType:
    """The package; MissingError with what installs it."""
    try:
        import watchfiles
    except ImportError:
        raise MissingError("--watch needs the package watchfiles", "pip install 'ragcli[watch]'") from None
    return watchfiles


def follow(
    session: Session, roots: Sequence[Path], first: IngestReport, once: Callable[[], IngestReport], *, hidden: bool
) -> IngestReport:
    """Calls `once` after changes under `roots`, one line each time that it changed something; the last report.
    Ctrl-C while it waits ends it, one while it works ends the command."""
    from ragcli.render.report import run_text

    session.notice("watching; Ctrl-C ends it")
    last, due, working = first, True, False  # due: what changed between the first run and the start of the watch
    changes = _changes(roots, os.path.abspath(session.settings.index), hidden=hidden)
    try:
        for changed in changes:
            if not (changed or due):
                continue
            try:
                working = True
                report = once()
                working = due = False
            except (Busy, MissingError, UsageError) as error:
                if not due:
                    session.notice(f"{error.message}; trying again")
                working, due = False, True
                continue
            before, last = last, report
            text = run_text(report, before, time.strftime("%H:%M:%S"))
            if not (session.flags.as_json or session.flags.quiet):
                session.show(text)
                sys.stdout.flush()
    except KeyboardInterrupt:
        if working:
            raise
    return last


def _changes(roots: Sequence[Path], index: str, *, hidden: bool) -> Iterator[Any]:
    """A set of changes as they come, an empty one every second."""
    folders = [os.path.abspath(root) for root in roots if os.path.isdir(root)]
    files = {os.path.abspath(root) for root in roots} - set(folders)
    parents = {os.path.dirname(file) for file in files}  # a file is often replaced, not written

    def concerns(_: object, path: str) -> bool:
        if path == index or path.startswith(index + os.sep):
            return False
        if path in files:
            return True
        below = [os.path.relpath(path, folder) for folder in folders if path.startswith(folder.rstrip(os.sep) + os.sep)]
        return any(hidden or not any(part.startswith(".") for part in each.split(os.sep)[:-1]) for each in below)

    try:
        yield from need_watchfiles().watch(
            *{*folders, *filter(os.path.isdir, parents)},
            watch_filter=concerns,
            debounce=DEBOUNCE_MS,
            step=QUIET_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            recursive=bool(folders),
            raise_interrupt=True,
        )
    except OSError as error:  # ENOSPC here is no full disk: the kernel watches only so many folders
        hint = "raise fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=1"
        raise StorageError(f"cannot watch the folders: {error.strerror or error}", hint) from error
