"""ragcli import FILE: an index from a bundle. The module has the verb's name; only importlib ever asks for it."""

from __future__ import annotations

import typer

from ragcli.commands._flags import WAIT, examples

EXAMPLES = examples("ragcli import notes.ragcli", "ragcli import --index ~/notes/.ragcli notes.ragcli")


def run(
    ctx: typer.Context,
    file: str = typer.Argument(metavar="FILE", help="What ragcli export wrote."),
    force: bool = typer.Option(False, "--force", help="Replace an index that holds files."),
    wait: float = WAIT,
) -> None:
    """Make an index of a file that export wrote.

    The file is checked in depth before anything changes. Paths in it are seen from the folder that holds the index.
    """
    from contextlib import closing
    from pathlib import Path

    from ragcli.bundle import load
    from ragcli.commands._session import Session
    from ragcli.render.care import bundle_text, bundle_value
    from ragcli.store import Store

    session = Session(ctx)
    source, folder = Path(file).expanduser(), session.settings.index
    bundle = load(source, folder, replace=force, patience=session.patience(wait))
    with closing(Store.open(folder)) as store:
        session.forget_gone(store)
    size = source.stat().st_size
    if session.flags.as_json:
        session.emit(bundle_value(bundle, str(source), size, str(folder)))
    elif not session.flags.quiet:
        session.show(bundle_text(bundle, str(source), size, session.look, verb="imported"))
