"""ragcli ask QUESTION: an answer whose every citation resolves, or the statement that there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import typer

from ragcli.commands._flags import REPEATED, examples
from ragcli.errors import MissingError, RagcliError, UsageError, worst
from ragcli.types import Answer, CitationMode, Filters

if TYPE_CHECKING:
    from ragcli.commands._session import Session
    from ragcli.index import Index
    from ragcli.protocols import Runtime

EXAMPLES = examples(
    "ragcli ask 'How tall are emperor penguins?'",
    "ragcli ask 'Who approved the budget?' --path 'minutes/*' --json",
    "echo 'How tall are emperor penguins?' | ragcli ask -",
    "ragcli ask --batch questions.jsonl > answers.jsonl",
)
LONGEST: Final = 4000
LINE_BYTES: Final = 1 << 20


def run(
    ctx: typer.Context,
    question: str = typer.Argument("", metavar="QUESTION|-", help="In your words; - reads it from stdin."),
    batch: str = typer.Option("", metavar="FILE|-", help='Questions as JSONL: strings, or {"id", "question"}.'),
    citation_mode: CitationMode | None = typer.Option(None, help="How to cite. [default: accurate]"),
    runtime: str | None = typer.Option(None, metavar="NAME[:ARG]", help="What answers. [default: extractive]"),
    k: int | None = typer.Option(None, "-k", metavar="N", min=1, max=1000, help="How many snippets. [default: 5]"),
    path: list[str] = typer.Option([], metavar="GLOB", help=f"Only files that match. {REPEATED}"),
    where: list[str] = typer.Option([], metavar="KEY=VALUE", help=f"Only files with this metadata. {REPEATED}"),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
) -> None:
    """Answer a question from your documents, with citations."""
    from ragcli.commands._session import Session, filters

    if bool(question) == bool(batch):
        raise UsageError("give a question, or --batch FILE", "ragcli ask --help")
    session = Session(ctx, citation_mode=citation_mode, runtime=runtime, k=k, embedder=embedder)
    chosen = filters(path, where)
    text = "" if batch else _question(session, _stdin(LINE_BYTES) if question == "-" else question)
    with session.open() as index:
        answerer = _Answerer(session, index, make_runtime(session.settings.runtime, index), chosen)
        code = answerer.batch(batch) if batch else answerer.one(text)
    if code:
        raise typer.Exit(code)


def make_runtime(spec: str, index: Index) -> Runtime:
    """The runtime of "name:rest"; the extractive one reads with the index's embedder and word weights."""
    from ragcli import backends

    runtime: Runtime = backends.create("runtime", spec, embedder=index.embedder, idf=index.idf)
    return runtime


class _Answerer:
    """One index, one runtime, any number of questions."""

    def __init__(self, session: Session, index: Index, runtime: Runtime, filters: Filters) -> None:
        self.session, self.index, self.runtime, self.filters = session, index, runtime, filters

    def one(self, question: str) -> int:
        """Answers on stdout; returns the exit code."""
        from ragcli.render.jsonform import exit_code
        from ragcli.render.text import answer_text

        answer = self._ask(question)
        for warning in answer.warnings:
            self.session.notice(f"{warning.code.replace('_', ' ')}: {warning.detail}".removesuffix(": "))
        if self.session.flags.as_json:
            self.session.emit(self._value(answer))
        else:
            documents = self._documents(answer)
            self.session.show(answer_text(answer, self.session.look, documents, self.session.here(self.index)))
        return exit_code(answer.outcome)

    def batch(self, name: str) -> int:
        """One answer or error a line, in order; returns the worst exit code."""
        codes = []
        for line in _lines(name):
            input_id, value = None, {}
            try:
                input_id, question = _entry(line)
                value = self._value(self._ask(_question(self.session, question)))
            except RagcliError as error:
                from ragcli.render.jsonform import error_value

                value = error_value(error)
            codes.append(value["exit_code"])
            self.session.emit({**value, "input_id": input_id})
        return worst(codes)

    def _ask(self, question: str) -> Answer:
        from ragcli.ask import ask
        from ragcli.config import ASK_K

        settings = self.session.settings
        return ask(
            question,
            index=self.index,
            runtime=self.runtime,
            mode=settings.citation_mode,
            k=settings.k or ASK_K,
            filters=self.filters,
        )

    def _value(self, answer: Answer) -> dict[str, Any]:
        from ragcli.render.jsonform import answer_value

        return answer_value(answer, self._documents(answer))

    def _documents(self, answer: Answer) -> Any:
        from ragcli.commands._session import known_documents

        cited = [source.snippet.uri for citation in answer.citations for source in citation.sources]
        return known_documents(self.index, [*cited, *(hit.snippet.uri for hit in answer.hits)])


def _question(session: Session, text: str) -> str:
    """The question without surrounding blanks, cut at a length that no question needs."""
    text = text.strip()
    if not any(character.isalnum() for character in text):
        raise UsageError("the question is empty")
    if len(text) > LONGEST:
        session.notice(f"the question has {len(text):,} characters; the first {LONGEST:,} are used")
    return text[:LONGEST]


def _stdin(limit_bytes: int) -> str:
    return sys.stdin.buffer.read(limit_bytes).decode("utf-8", "replace")


def _lines(name: str) -> Iterator[bytes]:
    """The lines of a JSONL file or of stdin that are not blank; a line longer than LINE_BYTES is cut."""
    try:
        with open(name, "rb") if name != "-" else sys.stdin.buffer as stream:
            while line := stream.readline(LINE_BYTES):
                if line.strip():
                    yield line
    except FileNotFoundError as error:
        raise MissingError(f"{name}: no such file") from error
    except IsADirectoryError as error:
        raise UsageError(f"{name} is a folder, not a JSONL file") from error


def _entry(line: bytes) -> tuple[str | int | float | None, str]:
    """(id, question) of a JSONL line."""
    import json

    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("a line of the batch is not JSON", 'each line is "question" or {"id", "question"}') from error
    entry = value if isinstance(value, dict) else {"question": value}
    input_id, question = entry.get("id"), entry.get("question")
    if not isinstance(question, str):
        raise UsageError("a line of the batch has no question", 'each line is "question" or {"id", "question"}')
    valid = isinstance(input_id, (str, int, float)) and not isinstance(input_id, bool)
    return input_id if valid else None, question
