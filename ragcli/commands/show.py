"""ragcli show REF|PATH: a snippet or a document as it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from ragcli.commands._complete import documents_and_refs
from ragcli.commands._flags import examples
from ragcli.errors import MissingError, UsageError

if TYPE_CHECKING:
    from ragcli.commands._session import Session
    from ragcli.index import Index

EXAMPLES = examples("ragcli show 3f9a2c", "ragcli show notes/penguins.md", "ragcli show 3f9a2c --json")
HEX: Final = frozenset("0123456789abcdef")


def run(
    ctx: typer.Context,
    ref: str = typer.Argument(
        metavar="REF|PATH",
        help="The start of a snippet's ref, or a file's path.",
        autocompletion=documents_and_refs,
    ),
) -> None:
    """Show a snippet or a document as it is stored.

    Its characters are what the citations of an answer count.
    """
    from ragcli.commands._session import Session

    session = Session(ctx)
    with session.open(embed=False) as index:
        if not (_document(session, index, ref) or _snippet(session, index, ref)):
            raise MissingError(f"no snippet or document {ref!r} in the index", "list the documents: ragcli ls")


def _document(session: Session, index: Index, ref: str) -> bool:
    from ragcli.commands._session import uri_candidates
    from ragcli.render.jsonform import document_value
    from ragcli.render.report import document_text

    for uri in uri_candidates(index, ref):
        document = index.store.document(uri)
        if document is not None:
            snippets = index.store.snippets_of(uri)
            if session.flags.as_json:
                session.emit(document_value(document, snippets))
            else:
                session.show(document_text(document, snippets, session.look))
            return True
    return False


def _snippet(session: Session, index: Index, ref: str) -> bool:
    from ragcli.commands._session import known_documents
    from ragcli.render.jsonform import snippet_value
    from ragcli.render.report import snippet_text

    prefix = ref.lower()
    found = index.store.snippets_by_ref(prefix) if prefix and HEX.issuperset(prefix) else []
    if len({snippet.ref for snippet in found}) > 1:
        refs = ", ".join(snippet.ref for snippet in found[:5])
        raise UsageError(f"{len(found)} snippets start with {ref!r}: {refs}", "give more characters")
    for snippet in found[:1]:
        documents = known_documents(index, [snippet.uri])
        if session.flags.as_json:
            session.emit(snippet_value(snippet, documents))
        else:
            session.show(snippet_text(snippet, session.look, documents))
    return bool(found)
