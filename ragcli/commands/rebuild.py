"""ragcli rebuild: the search indexes anew, or the whole index with another embedding model."""

from __future__ import annotations

import typer

from ragcli.commands._flags import WAIT, examples

EXAMPLES = examples("ragcli rebuild", "ragcli rebuild --embedder intfloat/multilingual-e5-small")


def run(
    ctx: typer.Context,
    embedder: str | None = typer.Option(None, metavar="NAME", help="Embed everything with this model."),
    wait: float = WAIT,
) -> None:
    """Make the search indexes anew from the stored text.

    The files are not read. Until all is done, questions get the old answers; a stopped run with --embedder goes on
    where it was.
    """
    from contextlib import closing

    from ragcli.commands._session import Session, lasting, make_embedder
    from ragcli.rebuild import rebuild
    from ragcli.render.care import rebuilt_text, rebuilt_value
    from ragcli.store import Store

    session = Session(ctx)
    folder = session.settings.index
    name = lasting(embedder or "")
    model = make_embedder(name, bulk=True) if name else None
    with session.progress() as step:
        made = rebuild(folder, model, name=name, step=step, patience=session.patience(wait))
    with closing(Store.open(folder)) as store:
        session.forget_gone(store)
    if session.flags.as_json:
        session.emit(rebuilt_value(made, str(folder)))
    elif not session.flags.quiet:
        session.show(rebuilt_text(made, session.look))
