"""Named places at which a test makes the process die or the disk fill up; a no-op unless asked.

`RAGCLI_FAILPOINT="store.before_commit:3=kill"` kills the process at the third pass of that point;
`=enospc` and `=eio` raise the errors of a full and a failing disk. Read once, so that a child cannot change it.
"""

from __future__ import annotations

import errno
import os
import signal
from typing import Final

POINTS: Final = (
    "walk.done",
    "ingest.planned",
    "ingest.after_read",
    "ingest.after_parse",
    "ingest.before_put",
    "ingest.after_put",
    "ingest.before_prune",
    "ingest.after_prune",
    "ingest.before_ledger",
    "index.after_embed",
    "store.begin",
    "store.after_document",
    "store.after_snippets",
    "store.after_windows",
    "store.after_terms",
    "store.after_drop",
    "store.before_commit",
    "store.after_commit",
    "cache.before_write",
    "cache.half_written",
    "cache.before_fsync",
    "cache.before_rename",
    "cache.after_rename",
    "cache.recorded",
)

REBUILD_POINTS: Final = (
    "rebuild.embedded",
    "rebuild.all_embedded",
    "rebuild.cleared",
    "rebuild.replaced",
    "store.before_commit",
    "store.after_commit",
    "cache.half_written",
    "cache.before_rename",
    "cache.after_rename",
    "rebuild.published",
)
"""Those that a rebuild with another embedder passes."""
IMPORT_POINTS: Final = ("import.staged", "import.checked", "import.copied", "cache.before_rename", "cache.recorded")

_armed: str = os.environ.get("RAGCLI_FAILPOINT", "")
_passes: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Dies or raises here if `RAGCLI_FAILPOINT` names this pass of this point."""
    if not _armed:
        return
    point, _, action = _armed.partition("=")
    wanted, _, nth = point.partition(":")
    if wanted != name:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] != int(nth or 1):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    number = errno.EIO if action == "eio" else errno.ENOSPC
    raise OSError(number, os.strerror(number))
