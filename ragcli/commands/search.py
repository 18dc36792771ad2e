"""ragcli search QUERY: the best passages, without an answer."""

from __future__ import annotations

import typer

from ragcli.commands._complete import backends_of, documents
from ragcli.commands._flags import REPEATED, RERANKER_HELP, common, examples
from ragcli.errors import EXIT_NO_EVIDENCE, UsageError
from ragcli.types import SearchMode

EXAMPLES = examples(
    "ragcli search 'how tall are emperor penguins'",
    "ragcli search 'error E1234' --mode lexical",
    "ragcli search budget --path 'reports/*' --where year=2024 -k 3",
    "ragcli search penguins --jsonl | jq -r .location.path",
)


def run(
    ctx: typer.Context,
    query: str = typer.Argument(metavar="QUERY", help="What to look for, in your words."),
    mode: SearchMode = typer.Option(SearchMode.HYBRID, help="By meaning, by words, or both."),
    k: int | None = typer.Option(None, "-k", metavar="N", min=1, max=1000, help="How many snippets. [default: 10]"),
    path: list[str] = typer.Option(
        [], metavar="GLOB", help=f"Only files that match. {REPEATED}", autocompletion=documents
    ),
    where: list[str] = typer.Option([], metavar="KEY=VALUE", help=f"Only files with this metadata. {REPEATED}"),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
    reranker: str = typer.Option("", metavar="NAME[:ARG]", help=RERANKER_HELP, autocompletion=backends_of("reranker")),
    jsonl: bool = typer.Option(False, "--jsonl", help="One JSON document a hit."),
) -> None:
    """Find the passages closest to a query."""
    from ragcli.commands._session import Session, filters, known_documents, make_reranker
    from ragcli.config import SEARCH_K
    from ragcli.render import jsonform
    from ragcli.render.text import hits_text
    from ragcli.rerank import DEFAULT, NONE
    from ragcli.retrieve import search

    if not query.strip():
        raise UsageError("the query is empty", "such as: ragcli search 'tall penguins'")
    session = Session(ctx, k=k, embedder=embedder)
    as_json = common(ctx).as_json or jsonl
    chosen = filters(path, where)
    # one leg alone stays that leg's order, and words alone load no model, unless another is named
    reading = reranker or (DEFAULT if mode is SearchMode.HYBRID else NONE)
    with session.open(embed=mode is not SearchMode.LEXICAL or reading != NONE) as index:
        reader = make_reranker(reading, index)
        hits = search(query, index, reranker=reader, mode=mode, k=session.settings.k or SEARCH_K, filters=chosen)
        found = (snippet.uri for hit in hits for snippet in (hit.snippet, *hit.copies))
        documents = known_documents(index, found) if as_json else {}
        here = session.here(index)
    if jsonl:
        for rank, hit in enumerate(hits, 1):
            session.emit(jsonform.hit_value(rank, hit, documents))
    elif as_json:
        session.emit(jsonform.hits_value(query, mode.value, hits, documents))
    else:
        session.show(hits_text(hits, session.look, documents, here))
    if not hits:
        raise typer.Exit(EXIT_NO_EVIDENCE)
