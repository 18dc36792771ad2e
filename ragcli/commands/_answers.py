"""The forms in which `ask` shows an answer, and the log that remembers it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ragcli.commands._flags import META
from ragcli.errors import RagcliError, UsageError
from ragcli.types import Answer

if TYPE_CHECKING:
    import typer

    from ragcli.commands._session import Session
    from ragcli.index import Index

READ_ONLY: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Form(StrEnum):
    """How an answer is shown."""

    TEXT = "text"
    JSON = "json"
    COHERE = "cohere"
    MD = "md"
    HTML = "html"


def agree_on_form(ctx: typer.Context, form: Form | None) -> Form:
    """--format, of which --json is another name for one; UsageError where the two disagree."""
    if ctx.meta.get(META + "json"):
        if form not in {None, Form.JSON}:
            raise UsageError(f"--json and --format {form} are two forms", "give one of them")
        return Form.JSON
    if form is Form.JSON:
        ctx.meta[META + "json"] = True
    return form or Form.TEXT


@contextmanager
def coming(session: Session, form: Form = Form.TEXT) -> Iterator[Callable[[str], None]]:
    """Takes an answer's text as it comes and shows it where stdout is a terminal; behind it, that is gone again."""
    if form is not Form.TEXT or not sys.stdout.isatty():
        yield lambda _: None
        return
    from ragcli.render.chat import Live

    movable = os.environ.get("TERM") != "dumb"
    live = Live(sys.stdout, lambda: session.look, lambda: shutil.get_terminal_size().lines, movable=movable)
    try:
        yield live.add
    finally:
        live.clear()


def show_answer(session: Session, index: Index | None, answer: Answer, form: Form, /, **more: Any) -> None:
    """The answer on stdout; `more` are keys for JSON. An answer without documents has no index."""
    from ragcli.render import jsonform
    from ragcli.render.place import Here

    documents = documents_of(index, answer) if index else {}
    here = session.here(index) if index else Here(Path.cwd(), Path.cwd())
    if form is Form.JSON:
        session.emit({**jsonform.answer_value(answer, documents), **more})
    elif form is Form.COHERE:
        from ragcli.render.cohere import chat_value

        session.emit(chat_value(answer))
    elif form is Form.MD:
        from ragcli.render.markdown import answer_markdown

        session.show(answer_markdown(answer, documents, here))
    elif form is Form.HTML:
        from ragcli.render.page import answer_html

        # a stdout of another encoding gets character references
        encoding = sys.stdout.encoding or "ascii"
        page = answer_html(answer, documents, here).encode(encoding, "xmlcharrefreplace")
        session.show(page.decode(encoding))
    else:
        from ragcli.render.text import answer_text

        session.show(answer_text(answer, session.look, documents, here))


def documents_of(index: Index, answer: Answer) -> Mapping[str, Any]:
    """The documents that an answer cites, was grounded on or had no room for, by uri."""
    from ragcli.commands._session import known_documents

    found = (*answer.hits, *answer.dropped)
    cited = [source.snippet.uri for citation in answer.citations for source in citation.sources]
    return known_documents(index, [*cited, *(snippet.uri for hit in found for snippet in (hit.snippet, *hit.copies))])


def remember(session: Session, answer: Answer, before: Sequence[str] = ()) -> None:
    """Puts the answer into the log, unless that is switched off; `before` is as for `asklog.entry_of`. An answer
    never fails for it; a folder that may not be written to is no news, anything else is a notice."""
    from ragcli import asklog

    if not session.settings.log:
        return
    try:
        asklog.append(session.settings.index, asklog.entry_of(answer, before))
    except RagcliError as error:
        session.notice(f"not logged: {error.message}")
    except OSError as error:
        if error.errno not in READ_ONLY:
            session.notice(f"not logged: {error.strerror}")
