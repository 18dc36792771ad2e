"""ragcli log [WORDS]: what was asked of this index, and what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ragcli.commands._flags import examples
from ragcli.errors import EXIT_NO_EVIDENCE, UsageError

if TYPE_CHECKING:
    from ragcli.commands._session import Session

EXAMPLES = examples(
    "ragcli log",
    "ragcli log penguin height",
    "ragcli log -n 1 --json | jq -r '.entries[0].answer'",
    "ragcli log --clear",
)


def run(
    ctx: typer.Context,
    words: list[str] = typer.Argument(None, metavar="[WORDS]", help="Only where all of these stand, in any case."),
    n: int = typer.Option(10, "-n", metavar="N", min=1, help="How many, the newest first."),
    clear: bool = typer.Option(False, "--clear", help="Forget everything that was asked and answered."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Show what was asked of this index before, and what was answered.

    The log lies in the index's folder and is read by nobody else. It is switched off by --no-log, by RAGCLI_LOG=false
    or by log = false in ragcli.toml. An answer goes from it as soon as a passage that it was made from is removed from
    the index or changed in it; its question stays. Batches are not logged.
    """
    from ragcli import asklog
    from ragcli.commands._session import Session
    from ragcli.database import existing
    from ragcli.render.asked import log_text, log_value

    session = Session(ctx)
    folder = session.settings.index
    existing(folder)
    if clear:
        _clear(session, bool(words), yes)
        return
    found = asklog.matching(asklog.entries(folder), words or [])
    newest = found[: -n - 1 : -1]
    if session.flags.as_json:
        session.emit(log_value(newest, found=bool(found or not words)))
    else:
        session.show(log_text(newest, session.look))
    if words and not found:
        raise typer.Exit(EXIT_NO_EVIDENCE)


def _clear(session: Session, words: bool, yes: bool) -> None:
    from ragcli import asklog
    from ragcli.commands._session import confirm
    from ragcli.render.asked import cleared_value

    if words:
        raise UsageError("--clear takes no words: it forgets everything", "ragcli log --clear")
    if not yes:
        confirm("Forget everything that was asked and answered?")
    count = asklog.clear(session.settings.index)
    if session.flags.as_json:
        session.emit(cleared_value(count))
    elif not session.flags.quiet:
        session.show(f"forgot {count:,} question{'s' if count != 1 else ''}\n")
