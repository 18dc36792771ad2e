"""ragcli verify ANSWER.json: whether what a saved answer cites still stands there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import typer

from ragcli.commands._checking import MODEL_HELP
from ragcli.commands._flags import examples
from ragcli.errors import CheckFailed, MissingError, UsageError

if TYPE_CHECKING:
    from ragcli.index import Index
    from ragcli.reports import Rechecked

EXAMPLES = examples(
    "ragcli verify answer.json",
    "ragcli ask 'How tall are penguins?' --json | ragcli verify -",
    "ragcli verify answers.jsonl --json | jq '.states'",
    "ragcli log --json | ragcli verify -",
)
STDIN: Final = "-"


def run(
    ctx: typer.Context,
    answer: str = typer.Argument(metavar="ANSWER.json|-", help="What ask or log printed as JSON; - reads stdin."),
    support_model: str = typer.Option("", metavar="NAME", help=MODEL_HELP),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
) -> None:
    """Check a saved answer again, against the index and the files.

    Each source is ok, moved (the quote stands elsewhere: where), changed or gone; the check of its claim is made anew.
    Exits with 8 unless all sources are ok and none is unsupported. Of an answer in the log only the passages that it
    cites are known, not the quotes.
    """
    from ragcli import saved
    from ragcli.commands._checking import make_entailer
    from ragcli.commands._session import Session
    from ragcli.recheck import recheck
    from ragcli.render.verified import holds, verified_text, verified_value

    session = Session(ctx, embedder=embedder)
    answers = saved.read(_read(answer, saved.MOST_BYTES), "stdin" if answer == STDIN else answer)
    entailer = make_entailer(support_model)
    with session.open() as index:
        found = recheck(answers, index, entailer)
        documents = _documents(index, found)
        if session.flags.as_json:
            session.emit(verified_value(found, answers, documents))
        else:
            session.show(verified_text(found, answers, session.look, documents, session.here(index)))
    if not all(holds(each) for each in found):
        raise typer.Exit(CheckFailed.exit_code)


def _documents(index: Index, found: list[Rechecked]) -> dict[str, Any]:
    from ragcli.commands._session import known_documents

    return dict(known_documents(index, [each.snippet.uri for each in found if each.snippet is not None]))


def _read(name: str, most_bytes: int) -> bytes:
    """The file's bytes, one more than allowed where it is longer."""
    try:
        with open(name, "rb") if name != STDIN else sys.stdin.buffer as stream:
            return stream.read(most_bytes + 1)
    except FileNotFoundError as error:
        raise MissingError(f"{name}: no such file", "ragcli ask QUESTION --json > answer.json") from error
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}", "give what ragcli ask --json printed") from error
