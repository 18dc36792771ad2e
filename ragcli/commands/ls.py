"""ragcli ls: every file the index knows, and what became of it."""

from __future__ import annotations

from contextlib import closing

import typer

from ragcli.commands._flags import REPEATED, examples
from ragcli.types import FileState

EXAMPLES = examples(
    "ragcli ls",
    "ragcli ls --state failed --state no_text",
    "ragcli ls --json | jq -r '.files[].path'",
)


def run(
    ctx: typer.Context,
    state: list[FileState] = typer.Option([], help=f"Only files in this state. {REPEATED}"),
) -> None:
    """List the files of the index with their state: one line a file."""
    from ragcli.commands._session import Session
    from ragcli.render.jsonform import documents_value
    from ragcli.render.report import ledger_text
    from ragcli.store import Store

    session = Session(ctx)
    with closing(Store.open(session.settings.index)) as store:  # the ledger alone: an index would load numpy
        ledger = [outcome for outcome, _, _ in store.ledger.lines().values()]
    outcomes = [outcome for outcome in ledger if not state or outcome.state in state]
    if session.flags.as_json:
        session.emit(documents_value(outcomes, str(session.settings.index)))
    else:
        session.show(ledger_text(outcomes, session.look))
