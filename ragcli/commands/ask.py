"""ragcli ask QUESTION: an answer whose every citation resolves, or the statement that there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from ragcli.commands import _prompting as prompts
from ragcli.commands._answers import Form, agree_on_form, coming, documents_of, remember, show_answer
from ragcli.commands._checking import Checker, refuse
from ragcli.commands._complete import backends_of, documents, sessions_by_name
from ragcli.commands._flags import REPEATED, examples
from ragcli.commands._generation import Asking, Generation, generation
from ragcli.errors import MissingError, RagcliError, UsageError, worst
from ragcli.types import Answer, CitationMode, Filters, Turn

if TYPE_CHECKING:
    from ragcli.commands._session import Session
    from ragcli.index import Index
    from ragcli.protocols import Runtime

EXAMPLES = examples(
    "ragcli ask 'How tall are emperor penguins?'",
    "ragcli ask 'Who approved the budget?' --path 'minutes/*' --json",
    "ragcli ask --session birds 'And how heavy are they?'",
    "ragcli ask --batch questions.jsonl > answers.jsonl",
)
VERB: Final = Asking
LONGEST: Final = 4000
LINE_BYTES: Final = 1 << 20


def run(
    ctx: typer.Context,
    question: str = typer.Argument(
        "", metavar="[QUESTION|-]", help="In your words; - reads it from stdin. [default: a conversation]"
    ),
    batch: str = typer.Option("", metavar="FILE|-", help='Questions as JSONL: strings, or {"id", "question"}.'),
    form: Form | None = typer.Option(None, "--format", help="How to show the answer. [default: text]"),
    log: bool | None = typer.Option(None, "--log/--no-log", help="Remember it for ragcli log. [default: --log]"),
    citation_mode: CitationMode | None = typer.Option(None, help="How to cite. [default: accurate]"),
    runtime: str | None = typer.Option(
        None,
        metavar="NAME[:ARG]",
        help="What answers. [default: extractive]",
        autocompletion=backends_of("runtime"),
    ),
    k: int | None = typer.Option(None, "-k", metavar="N", min=1, max=1000, help="How many snippets. [default: 5]"),
    path: list[str] = typer.Option(
        [], metavar="GLOB", help=f"Only files that match. {REPEATED}", autocompletion=documents
    ),
    where: list[str] = typer.Option([], metavar="KEY=VALUE", help=f"Only files with this metadata. {REPEATED}"),
    embedder: str | None = typer.Option(None, metavar="NAME", help="A model's name or folder."),
    kept_as: str = typer.Option(
        "",
        "--session",
        metavar="NAME",
        help="Goes on with the conversation of that name.",
        autocompletion=sessions_by_name,
    ),
    forget: bool = typer.Option(False, "--forget", help="Ends that conversation, or starts it anew."),
) -> None:
    """Answer a question from your documents, with citations."""
    from ragcli.commands._session import Session, filters

    if (question and batch) or (batch and kept_as):
        raise UsageError("--batch takes no question and no --session", "ragcli ask --help")
    if forget and not kept_as:
        raise UsageError("--forget ends a session: name it", "--session NAME")
    chosen_form = agree_on_form(ctx, form)
    if batch and form not in {None, Form.JSON}:
        raise UsageError(f"--batch answers in JSON, not as --format {form}", "ragcli ask --help")
    session = Session(ctx, citation_mode=citation_mode, runtime=runtime, k=k, embedder=embedder, log=log)
    chosen = filters(path, where)
    prompts.check(session, question, batch, chosen_form)
    if forget and not _forget(session, kept_as) and not question:
        raise MissingError(f"there is no session {kept_as!r}", "begin one: ragcli ask --session NAME QUESTION")
    if question or batch:
        _answer(session, chosen, question, batch, kept_as, chosen_form)
    elif not forget:
        _converse(session, chosen, kept_as, chosen_form)


def _answer(session: Session, chosen: Filters, question: str, batch: str, kept_as: str, form: Form) -> None:
    text = "" if batch else question_of(session, _stdin(LINE_BYTES) if question == "-" else question)
    how = generation(session)
    if prompts.is_other(session):
        refuse(session)
        code = prompts.Other(session, how, chosen, kept_as).run(text, form)
        raise typer.Exit(code)
    with session.open() as index:
        made = make_runtime(session.settings.runtime, lambda: index, how)
        answerer = _Answerer(session, index, made, chosen, how)
        code = answerer.batch(batch) if batch else answerer.one(text, kept_as, form)
    if code:
        raise typer.Exit(code)


def _converse(session: Session, chosen: Filters, kept_as: str, form: Form) -> None:
    if form is not Form.TEXT or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("give a question, or --batch FILE", "ragcli ask --help")
    from ragcli.commands._chat import Chat

    Chat(session, chosen, kept_as).run()


def _forget(session: Session, kept_as: str) -> bool:
    from ragcli import sessions

    return sessions.forget(session.settings.index, kept_as)


def make_runtime(spec: str, index: Callable[[], Index], how: Generation) -> Runtime:
    """The runtime of "name:rest"; the extractive one reads with the embedder and the weights of what `index` gives."""
    from ragcli import backends

    reading = {"embedder": index().embedder, "idf": lambda term: index().idf(term), "tuning": lambda: index().tuning}
    runtime: Runtime = backends.create("runtime", spec, **reading, **how.loading)
    return runtime


class _Answerer:
    """One index, one runtime, any number of questions."""

    def __init__(self, session: Session, index: Index, runtime: Runtime, filters: Filters, how: Generation) -> None:
        from ragcli.commands._session import make_reranker

        self.session, self.index, self.runtime, self.filters = session, index, runtime, filters
        self.how = how
        self.reranker = make_reranker(how.reranker, index)
        self.preamble = prompts.given_preamble(session)
        self.check = Checker(session)

    def one(self, question: str, kept_as: str = "", form: Form = Form.TEXT) -> int:
        """Answers on stdout, as the next turn of a session if it has a name; returns the exit code."""
        from ragcli import sessions
        from ragcli.render.jsonform import exit_code

        folder, turn = self.session.settings.index, {}
        before = sessions.load(folder, kept_as) if kept_as else sessions.Conversation()
        with coming(self.session, form) as on_text:
            answer = self._ask(question, sessions.recent(before), on_text)
        if kept_as:
            said = sessions.append(folder, kept_as, answer)
            turn = {"session": {"name": sessions.check_name(kept_as), "turn": said.asked}}
        self.session.warn(answer.warnings)
        show_answer(self.session, self.index, answer, form, **turn)
        remember(self.session, answer, sessions.sources(before))
        return exit_code(answer.outcome)

    def batch(self, name: str) -> int:
        """One answer or error a line, in order; returns the worst exit code."""
        codes = []
        for line in _lines(name):
            input_id, value = None, {}
            try:
                input_id, question = _entry(line)
                value = self._value(self._ask(question_of(self.session, question)))
            except RagcliError as error:
                from ragcli.render.jsonform import error_value

                value = error_value(error)
            codes.append(value["exit_code"])
            self.session.emit({**value, "input_id": input_id})
        return worst(codes)

    def _ask(
        self, question: str, history: Sequence[Turn] = (), on_text: Callable[[str], None] = lambda _: None
    ) -> Answer:
        from ragcli.ask import ask
        from ragcli.config import ASK_K

        settings = self.session.settings
        answer = ask(
            question,
            index=self.index,
            runtime=self.runtime,
            mode=settings.citation_mode,
            k=settings.k or ASK_K,
            filters=self.filters,
            reranker=self.reranker,
            sampling=self.how.sampling,
            history=history,
            preamble=self.preamble,
            enough=self.how.enough,
            on_text=on_text,
        )
        return self.check(answer)

    def _value(self, answer: Answer) -> dict[str, Any]:
        from ragcli.render.jsonform import answer_value

        return answer_value(answer, documents_of(self.index, answer))


def question_of(session: Session, text: str) -> str:
    """The question without surrounding blanks, cut at a length that no question needs."""
    text = text.strip()
    if not any(character.isalnum() for character in text):
        raise UsageError("the question is empty", "ask in words, such as: How tall are penguins?")
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
        raise MissingError(f"{name}: no such file", "name a file of questions, or - for stdin") from error
    except IsADirectoryError as error:
        raise UsageError(f"{name} is a folder, not a JSONL file", "name a file of questions, or - for stdin") from error


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
