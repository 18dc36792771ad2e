"""ragcli stats: the figures of an index."""

from __future__ import annotations

import typer

from ragcli.commands._flags import examples

EXAMPLES = examples("ragcli stats", "ragcli stats --json | jq .languages")


def run(ctx: typer.Context) -> None:
    """Count what the index holds: documents, words, languages, sizes."""
    from ragcli.commands._session import Session
    from ragcli.render.care import stats_text, stats_value
    from ragcli.stats import gather

    session = Session(ctx)
    with session.open(embed=False) as index:
        found = gather(index.folder, index.store)
    if session.flags.as_json:
        session.emit(stats_value(found, str(session.settings.index)))
    else:
        session.show(stats_text(found, session.look))
