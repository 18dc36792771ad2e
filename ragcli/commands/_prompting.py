"""What `ask` lets users say about the prompt: its preamble, that it is shown, or that it goes without documents."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from ragcli.commands._flags import META, switch, valued
from ragcli.errors import EXIT_OK, MissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ragcli.budget import Fitted
    from ragcli.commands._answers import Form
    from ragcli.commands._generation import Generation
    from ragcli.commands._session import Session
    from ragcli.protocols import Runtime
    from ragcli.sessions import Conversation
    from ragcli.types import Filters, Turn

PREAMBLE: Final = "preamble"
TASK: Final = "task"
STYLE: Final = "style"
MADE: Final = "given_preamble"
PRINT: Final = "print_prompt"
PLAIN: Final = "no_retrieval"
LONGEST_BYTES: Final = 1 << 16


PROMPTING: Final = [
    valued("preamble", "FILE", "A text in place of the model's own instructions on task and style."),
    valued("task", "TEXT", "What the model is for, in place of its own words for that."),
    valued("style", "TEXT", "How it should write, in place of its own words for that."),
    switch("print-prompt", "Show what the model would see, with tokens by part, and ask nothing."),
    switch("no-retrieval", "Plain chat: the model answers without documents."),
]


def given_preamble(session: Session) -> str:
    """The preamble that `check` has made of the flags, "" for the model's own."""
    return str(session.meta.get(META + MADE, ""))


def _preamble(session: Session) -> str:
    """UsageError for flags that say it twice, or a file that says nothing."""
    file, task, style = (str(session.meta.get(META + flag, "")).strip() for flag in (PREAMBLE, TASK, STYLE))
    if not file:
        from ragcli.ground import preamble_of

        return preamble_of(task, style) if task or style else ""
    if task or style:
        raise UsageError("--preamble is the whole of what --task and --style are parts of", "give one or the other")
    return _read(file)


def _read(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            raw = stream.read(LONGEST_BYTES + 1)
        text = raw.decode("utf-8-sig").strip()
    except FileNotFoundError as error:
        raise MissingError(f"{file}: no such file", "--preamble takes a file; --task and --style take text") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise UsageError(f"{file}: {reason}", "--preamble takes a text file") from error
    if len(raw) > LONGEST_BYTES or not text:
        reason = "is empty" if not text else f"is longer than {LONGEST_BYTES >> 10} KiB"
        raise UsageError(f"{file} {reason}", "--preamble takes a text file")
    return text


def is_other(session: Session) -> bool:
    """Whether something else is asked for than an answer from documents."""
    return bool(session.meta.get(META + PRINT) or session.meta.get(META + PLAIN))


def check(session: Session, question: str, batch: str, form: Form) -> None:
    """Reads the preamble. UsageError where the flags do not go together with each other or with what is asked."""
    from ragcli.commands._answers import Form

    plain, shown = bool(session.meta.get(META + PLAIN)), bool(session.meta.get(META + PRINT))
    flag = "--print-prompt" if shown else "--no-retrieval"
    if (plain or shown) and (batch or not question):
        raise UsageError(f"{flag} takes one question", f"ragcli ask 'QUESTION' {flag}")
    if shown and form not in {Form.TEXT, Form.JSON}:
        raise UsageError(f"--print-prompt has no --format {form.value}", "leave it out, or take --json")
    name = session.settings.runtime.partition(":")[0]
    session.meta[META + MADE] = _preamble(session)  # once: the file may be a pipe
    if plain and name == "extractive":
        raise UsageError("--no-retrieval needs a language model; extractive has none", "--runtime command_r:MODEL")
    if name == "extractive" and given_preamble(session):
        session.notice("extractive follows no preamble: it answers in sentences of the documents")


class Other:
    """One question whose prompt is shown, or that is answered without documents."""

    def __init__(self, session: Session, how: Generation, filters: Filters, kept_as: str) -> None:
        self.session, self.how, self.filters, self.kept_as = session, how, filters, kept_as
        self.shown = bool(session.meta.get(META + PRINT))
        self.preamble = given_preamble(session)

    def run(self, question: str, form: Form) -> int:
        """Shows the prompt or the answer; returns the exit code."""
        from ragcli import sessions

        folder = self.session.settings.index
        if self.kept_as and not folder.is_dir():
            raise MissingError(f"there is no index at {folder} to keep a session in", "ask without --session")
        before = sessions.load(folder, self.kept_as) if self.kept_as else sessions.Conversation()
        if self.session.meta.get(META + PLAIN):
            return self._plain(question, before, form)
        return self._grounded(question, sessions.recent(before), form)

    def _grounded(self, question: str, history: Sequence[Turn], form: Form) -> int:
        """The prompt, even where the evidence is too little for it to be answered."""
        from ragcli.ask import find, prompt_for
        from ragcli.commands._session import make_reranker
        from ragcli.commands.ask import make_runtime
        from ragcli.config import ASK_K

        settings = self.session.settings
        with self.session.open() as index:
            runtime = make_runtime(settings.runtime, lambda: index, self.how)
            reader = make_reranker(self.how.reranker, index)
            hits, judged = find(
                question,
                index=index,
                k=settings.k or ASK_K,
                filters=self.filters,
                reranker=reader,
                history=history,
            )
            fitted = prompt_for(
                question,
                hits,
                runtime=runtime,
                mode=settings.citation_mode,
                sampling=self.how.sampling,
                history=history,
                preamble=self.preamble,
            )
            self._show(question, fitted, runtime, form)
        if not judged.enough:
            self.session.notice(f"without --print-prompt no model would be asked: {judged.reason}")
        return EXIT_OK

    def _plain(self, question: str, before: Conversation, form: Form) -> int:
        from ragcli import backends, sessions
        from ragcli.ask import ask_plainly, plain_prompt
        from ragcli.commands._answers import remember, show_answer
        from ragcli.render.jsonform import exit_code

        runtime: Runtime = backends.create("runtime", self.session.settings.runtime, **self.how.loading)
        sampling, history = self.how.sampling, sessions.recent(before)
        if self.shown:
            fitted = plain_prompt(question, runtime=runtime, sampling=sampling, history=history, preamble=self.preamble)
            return self._show(question, fitted, runtime, form)
        answer = ask_plainly(question, runtime=runtime, sampling=sampling, history=history, preamble=self.preamble)
        turn = {}
        if self.kept_as:
            said = sessions.append(self.session.settings.index, self.kept_as, answer)
            turn = {"session": {"name": sessions.check_name(self.kept_as), "turn": said.asked}}
        show_answer(self.session, None, answer, form, **turn)
        if self.session.settings.index.is_dir():
            remember(self.session, answer, sessions.sources(before))
        return exit_code(answer.outcome)

    def _show(self, question: str, fitted: Fitted, runtime: Runtime, form: Form) -> int:
        """The prompt on stdout, its parts on stderr; under --json all of it on stdout."""
        from ragcli.budget import parts
        from ragcli.commands._answers import Form
        from ragcli.render.prompt import parts_text, prompt_text, prompt_value
        from ragcli.reports import Prompted

        prompted = Prompted(
            question,
            fitted.prompt,
            tuple(parts(fitted.prompt, runtime.count_tokens)),
            runtime.name,
            runtime.context_tokens,
            self.how.sampling.max_tokens,
            fitted.dropped,
            "words" if runtime.model is None else "tokens",
        )
        if form is Form.JSON:
            self.session.emit(prompt_value(prompted))
            return EXIT_OK
        self.session.show(prompt_text(prompted))
        sys.stdout.flush()
        if not self.session.flags.quiet:
            sys.stderr.write(parts_text(prompted))
        return EXIT_OK
