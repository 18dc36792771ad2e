"""ragcli export FILE: the whole index as one file."""

from __future__ import annotations

import typer

from ragcli.commands._flags import examples

EXAMPLES = examples("ragcli export notes.ragcli", "ragcli export --force /backup/notes.ragcli")


def run(
    ctx: typer.Context,
    file: str = typer.Argument(metavar="FILE", help="Where to write it; a tar archive."),
    force: bool = typer.Option(False, "--force", help="Replace FILE if it is there."),
) -> None:
    """Write the whole index to one file.

    It holds the text of every document, their vectors and the ledger, and is checked in depth. Others may go on
    reading and writing meanwhile.
    """
    from pathlib import Path

    from ragcli.bundle import export
    from ragcli.commands._session import Session
    from ragcli.render.care import bundle_text, bundle_value

    session = Session(ctx)
    target, folder = Path(file).expanduser(), session.settings.index
    bundle = export(folder, target, replace=force)
    size = target.stat().st_size
    if session.flags.as_json:
        session.emit(bundle_value(bundle, str(target), size, str(folder)))
    elif not session.flags.quiet:
        session.show(bundle_text(bundle, str(target), size, session.look, verb="exported"))
