"""The line at which a conversation waits: editing, history, pasting of several lines at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ragcli import typed

MARK: Final = "> "


class Prompt:
    """Reads lines from the terminal and keeps them for the next conversation, unless $RAGCLI_HISTORY is "off"."""

    def __init__(self, words: Sequence[str], notice: Callable[[str], None]) -> None:
        # Only menus need the cursor's place, and asking a terminal that does not tell it costs two seconds.
        os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import InMemoryHistory

        self._notice = notice
        self._file = typed.place(os.environ)
        self._interrupted = False
        self._session = PromptSession[str](
            MARK,
            history=InMemoryHistory(self._kept()),
            completer=WordCompleter(list(words), sentence=True),
            complete_while_typing=False,
            enable_suspend=True,
        )

    def interrupted(self) -> None:
        """Ctrl-C came while no line was being typed: the next one leaves."""
        self._interrupted = True

    def read(self) -> str | None:
        """The next line that is not blank (several, where they were pasted); None when the user leaves."""
        while True:
            try:
                text = self._session.prompt()
            except EOFError:
                return None
            except KeyboardInterrupt:
                if self._interrupted and not self._session.default_buffer.text:
                    return None
                self._interrupted = True
                continue
            self._interrupted = False
            text = text.encode("utf-8", "replace").decode("utf-8").strip()
            if text:
                self._keep(text)
                return text

    def _kept(self) -> list[str]:
        if self._file is None:
            return []
        try:
            return typed.read(self._file)
        except OSError as error:
            self._without(self._file, error)
            return []

    def _keep(self, text: str) -> None:
        if self._file is None:
            return
        try:
            typed.add(self._file, text)
        except OSError as error:
            self._without(self._file, error)

    def _without(self, file: Path, error: OSError) -> None:
        """The conversation goes on, and what is typed is not kept."""
        self._notice(f"what you type is not kept: {file}: {error.strerror}")
        self._file = None
