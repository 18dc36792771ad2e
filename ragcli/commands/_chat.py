"""The conversation that `ragcli ask` holds on a terminal: questions and commands in, answers and passages out."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from ragcli import sessions
from ragcli.commands._answers import coming, remember
from ragcli.commands._checking import Checker
from ragcli.commands._generation import generation
from ragcli.commands._prompt import Prompt
from ragcli.commands._prompting import given_preamble
from ragcli.commands._session import Session, known_documents, make_reranker
from ragcli.commands.ask import make_runtime, question_of
from ragcli.config import ASK_K
from ragcli.errors import RagcliError
from ragcli.render.chat import COMMANDS, help_text, passage_text, welcome_text
from ragcli.render.layout import Segment, lay
from ragcli.render.parts import CLOSEST, Numbers
from ragcli.render.place import best_span
from ragcli.render.safe import name
from ragcli.render.text import answer_text, closest_text, sources_text
from ragcli.sessions import Conversation
from ragcli.types import Answer, CitationMode, Document, Filters, Finish, Snippet, Span

_UNSEEN: Final = (0, 0)
_COMMAND: Final = re.compile(r"(/[A-Za-z?]*)(?:\s+(.*))?\Z", re.DOTALL)


class Chat:
    """One conversation: the open index, what was said, and the last answer for the commands to look at."""

    def __init__(self, session: Session, filters: Filters, kept_as: str) -> None:
        self.session, self.filters, self.kept_as = session, filters, kept_as
        self.folder = session.settings.index
        self.mode = session.settings.citation_mode
        self.how = generation(session)
        self.preamble = given_preamble(session)
        self.check = Checker(session)
        self.said = sessions.load(self.folder, kept_as) if kept_as else Conversation()
        self.answer: Answer | None = None
        self.prompt = Prompt([usage.split()[0] for usage, _ in COMMANDS], session.notice)
        self._opened = ExitStack()
        self._seen = _UNSEEN

    def run(self) -> None:
        """Until the user leaves. What goes wrong in a turn is said, and the conversation goes on."""
        try:
            self._follow()
            index = self.index
            self.runtime = make_runtime(self.session.settings.runtime, lambda: self.index, self.how)
            self._show(welcome_text(index.store.count()[0], self.said.asked, self.session.look))
            while (line := self.prompt.read()) is not None and self._turn(line):
                continue
        finally:
            self._opened.close()

    def _turn(self, line: str) -> bool:
        """A question or a command; whether to go on."""
        try:
            command = _COMMAND.match(line)
            if command is None:
                self._ask(question_of(self.session, line))
                return True
            return self._obey(command[1].lower(), command[2] or "")
        except KeyboardInterrupt:
            self._stopped()
        except (RagcliError, OSError, MemoryError, sqlite3.Error) as error:
            from ragcli.cli import named

            known = named(error)
            if known is None:
                raise
            hint = f"\n  hint: {name(known.hint)}" if known.hint else ""
            sys.stderr.write(f"ragcli: {name(known.message)}{hint}\n")
        return True

    def _follow(self) -> None:
        """Opens the index, or opens it again where another process has written since: each turn sees one snapshot."""
        stamp = _stamp(self.folder)
        if stamp == self._seen:
            return
        with ExitStack() as opening:
            index = opening.enter_context(self.session.open())
            self._opened.close()
            self._opened = opening.pop_all()
        if self._seen != _UNSEEN:
            self.session.notice("the index has changed; from here on it is read as it is now")
        self.reranker = make_reranker(self.how.reranker, index)
        self.index, self._seen = index, stamp

    # -- questions --------------------------------------------------------------------------------------

    def _ask(self, question: str) -> None:
        from ragcli.ask import ask

        self._follow()
        with coming(self.session) as on_text:
            answer = ask(
                question,
                index=self.index,
                runtime=self.runtime,
                mode=self.mode,
                k=self.session.settings.k or ASK_K,
                filters=self.filters,
                reranker=self.reranker,
                sampling=self.how.sampling,
                history=sessions.recent(self.said),
                preamble=self.preamble,
                enough=self.how.enough,
                on_text=on_text,
                stoppable=True,
            )
        self._keep(self.check(answer))
        if answer.finish is Finish.CANCELLED:
            self._stopped()

    def _keep(self, answer: Answer) -> None:
        """Shows an answer, and keeps it for the turns to come."""
        self.answer = answer
        self.session.warn(() if answer.finish is Finish.CANCELLED else answer.warnings)
        self._show(answer_text(answer, self.session.look, self._documents(), self.session.here(self.index)))
        remember(self.session, answer, sessions.sources(self.said))
        if self.kept_as:
            self.said = sessions.append(self.folder, self.kept_as, answer)
        else:
            self.said = sessions.extend(self.said, answer)

    def _stopped(self) -> None:
        self._say("Stopped.")
        self.prompt.interrupted()

    # -- commands ---------------------------------------------------------------------------------------

    def _obey(self, word: str, rest: str) -> bool:
        """A command; whether to go on."""
        match word:
            case "/quit":
                return False
            case "/help":
                self._show(help_text(self.session.look))
            case "/sources":
                self._sources()
            case "/show":
                self._passage(rest)
            case "/mode":
                self._mode(rest)
            case "/forget":
                self._forget()
            case _:
                self._say(f"There is no command {word}; /help lists them.")
        return True

    def _sources(self) -> None:
        look, here = self.session.look, self.session.here(self.index)
        if self.answer is None:
            self._say("Nothing has been answered yet.")
        elif cited := Numbers(self.answer.citations).sources:
            self._show(sources_text(cited, look, self._documents(), here))
        elif self.answer.hits:
            self._show(closest_text(self.answer.hits, look, self._documents(), here))
        else:
            self._say("The last answer has no sources.")

    def _passage(self, rest: str) -> None:
        passages = _passages(self.answer) if self.answer else []
        number = int(rest) if rest.isascii() and rest.isdecimal() and len(rest) < 6 else 0
        if 1 <= number <= len(passages):
            snippet, span = passages[number - 1]
            look, here = self.session.look, self.session.here(self.index)
            self._show(passage_text(number, snippet, span, look, self._documents(), here))
        elif passages:
            self._say(f"/show takes a number from 1 to {len(passages)}.")
        else:
            self._say("The last answer has no sources." if self.answer else "Nothing has been answered yet.")

    def _mode(self, rest: str) -> None:
        if rest in list(CitationMode):
            self.mode = CitationMode(rest)
        elif rest:
            self._say(f"/mode takes {', '.join(CitationMode)}.")
            return
        self._say(f"Answers cite in mode {self.mode.value}.")

    def _forget(self) -> None:
        if self.kept_as:
            sessions.forget(self.folder, self.kept_as)
        self.said, self.answer = Conversation(), None
        self._say("Forgotten.")

    def _documents(self) -> Mapping[str, Document]:
        """The documents of the last answer that still are as they were then."""
        if self.answer is None:
            return {}
        snippets = [snippet for snippet, _ in _passages(self.answer)]
        found = known_documents(self.index, [snippet.uri for snippet in snippets])
        gone = {s.uri for s in snippets if s.uri in found and found[s.uri].text[s.start : s.end] != s.text}
        return {uri: document for uri, document in found.items() if uri not in gone}

    def _show(self, text: str) -> None:
        """Rendered text, and a line of air before the next prompt."""
        self.session.show(f"{text}\n")
        sys.stdout.flush()

    def _say(self, text: str) -> None:
        self._show(lay([Segment(text)], self.session.look))


def _stamp(folder: Path) -> tuple[int, int]:
    """Differs once another process has written to the index or has put another one in its place."""
    from ragcli.database import NAME
    from ragcli.store import Store

    with closing(Store.open(folder)) as store:
        return (folder / NAME).stat().st_ino, store.generation()


def _passages(answer: Answer) -> list[tuple[Snippet, Span]]:
    """What /show counts: the sources, or where there are none the closest passages; spans of documents."""
    cited = Numbers(answer.citations).sources
    if cited:
        return [(each.snippet, (each.support.start, each.support.end)) for each in cited]
    return [(hit.snippet, best_span(hit)) for hit in answer.hits[:CLOSEST]]
