"""ragcli rebuild: the search indexes anew, or the whole index with another embedding model."""

from __future__ import annotations

import os
import sys

import typer

from ragcli.commands._flags import examples

EXAMPLES = examples("ragcli rebuild", "ragcli rebuild --embedder intfloat/multilingual-e5-small")


def run(
    ctx: typer.Context,
    embedder: str | None = typer.Option(None, metavar="NAME", help="Embed everything with this model."),
) -> None:
    """Make the search indexes anew from the stored text.

    The files are not read. Until all is done, questions get the old answers; a stopped run with --embedder goes on
    where it was.
    """
    from contextlib import closing

    from ragcli.commands._session import Session, make_embedder
    from ragcli.config import DEFAULT_EMBEDDER
    from ragcli.rebuild import rebuild
    from ragcli.render.care import rebuilt_text, rebuilt_value
    from ragcli.render.progress import bar
    from ragcli.store import Store

    session = Session(ctx)
    folder = session.settings.index
    if embedder and embedder != DEFAULT_EMBEDDER and os.path.isdir(embedder):
        embedder = os.path.abspath(embedder)  # the index will be opened from other folders too
    model = make_embedder(embedder, bulk=True) if embedder else None
    wanted = not session.flags.quiet and os.environ.get("TERM") != "dumb"
    with bar(sys.stderr, wanted=wanted) as step:
        made = rebuild(folder, model, name=embedder or "", step=step)
    with closing(Store.open(folder)) as store:
        session.forget_gone(store)
    if session.flags.as_json:
        session.emit(rebuilt_value(made, str(folder)))
    elif not session.flags.quiet:
        session.show(rebuilt_text(made, session.look))
