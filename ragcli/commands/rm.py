"""ragcli rm PATH...: remove documents from the index; the files themselves are not touched."""

from __future__ import annotations

import typer

from ragcli.commands._complete import documents
from ragcli.commands._flags import WAIT, examples
from ragcli.errors import MissingError
from ragcli.types import AGAIN, PIPED

EXAMPLES = examples("ragcli rm notes/old.md", "ragcli rm --yes drafts")


def run(
    ctx: typer.Context,
    paths: list[str] = typer.Argument(
        metavar="PATH...", help="As ls shows them; a folder means all that is in it.", autocompletion=documents
    ),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    wait: float = WAIT,
) -> None:
    """Remove files from the index.

    The files themselves stay, and the next ingest of their folder adds them again.
    """
    from ragcli.commands._session import Session, confirm, uri_candidates
    from ragcli.plan import holders
    from ragcli.render.jsonform import removed_value
    from ragcli.render.safe import name

    session = Session(ctx)
    with session.open(embed=False) as index:
        known = index.store.ledger.lines()
        wanted = []
        for path in paths:
            candidates = uri_candidates(index, path)
            uris = [u for u in known if any(u == c or u.startswith(c.rstrip("/") + "/") for c in candidates)]
            if not uris:
                raise MissingError(f"{path}: not in the index", "list the files: ragcli ls")
            wanted += uris
    uris = list(dict.fromkeys(wanted))
    if not yes:
        confirm(f"Remove {len(uris):,} file{'s' if len(uris) != 1 else ''} from the index?")
    with session.open(embed=False, write=True, wait_s=wait) as index:
        index.drop(uris)
        for holder in {holder for uri in uris for holder in holders(uri)} & (known.keys() - set(uris)):
            outcome, stat, sha256 = known[holder]
            if stat.ctime_ns != PIPED:
                index.settle(outcome, AGAIN, sha256)
        index.publish()
    if session.flags.as_json:
        session.emit(removed_value(uris))
    elif not session.flags.quiet:
        session.show("".join(f"removed   {name(uri)}\n" for uri in uris))
