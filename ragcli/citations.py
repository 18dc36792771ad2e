"""Command-R's completion grammar: completion -> clean text and marks, incrementally; and back, `write()`.

    Relevant Documents: 0,1 / Cited Documents: 0 / Answer: text / Grounded answer: te<co: 0>xt</co: 0>

A header counts at the start of a line; `Grounded answer:` also right behind a word or a full stop, as Cohere's
own vectors have it. Headers come in this order, so inside an answer the same words are words.

The escape: text may itself hold tags, headers or the end token (files may document this very format). `write()`
puts ESCAPE, the last private-use code point, inside each (`<` ESCAPE `co: 0>`, `Ground` ESCAPE `ed answer:`) and
doubles one that is text. The parser sees no tag or header there; it then turns two ESCAPEs into one and drops a
single one. A completion without this code point, thus any that a model writes, is parsed as if there were no escape.

What broken tags leave never makes a new tag: the ":" and ">" that would complete it are taken out.
Surrounding whitespace of the answer is stripped and marks index the stripped text. `feed` shows a prefix of
`Completion.text` unless the warning `answer_differs` is given: after `close`, print what it did not show.
Warnings are one per code. A repair's detail is how often: stray_close id_mismatch partial_tag unclosed bad_doc
no_doc empty_span bad_list partial_header tag_in_answer. Of the whole, at most one: answer_differs (`text` is the
grounded text), grounded_cut (the answer, of which that is the beginning), no_grounded no_headers empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ragcli.marks import ESCAPE, Ids, Marked, numbers_of
from ragcli.types import CitationMode, Completion, Mark, Warn

END_TOKEN: Final = "<|END_OF_TURN_TOKEN|>"
_GROUNDED: Final = "Grounded answer:"
_ANSWER: Final = "Answer:"
_RELEVANT: Final = "Relevant Documents:"
_CITED: Final = "Cited Documents:"
_GLUE = r"(?<=[^\W_]|[.!?…。！？।)\]])"
_LOOK_BACK = 48
"""More than the longest unfinished header: newline, 8 blanks, 21 characters."""
_CUT_HEADER = re.compile(r"\n[ \t]*[A-Z][A-Za-z ]{5}")

_ESCAPED = re.compile(
    rf"{ESCAPE}|<(?=\s*+/?+\s*+co|{re.escape(END_TOKEN[1:])})|Ground(?=ed answer:|e?+d?+ ?+a?+n?+s?+w?+e?+r?+\Z)"
)


def _prefixes(word: str) -> str:
    """A pattern for each proper prefix of `word` but the empty one."""
    pattern = ""
    for char in reversed(word[1:-1]):
        pattern = f"(?:{re.escape(char)}{pattern})?+"
    return re.escape(word[0]) + pattern


def _headers(words: Sequence[str], glued: Sequence[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(a whole header, the beginning of one at the end of the text); the end token is a header too."""
    line = "|".join(map(re.escape, words))
    inline = "".join(f"|{_GLUE}({re.escape(word)})" for word in glued)
    whole = (rf"\n[ \t]{{0,8}}({line})" if words else r"(?!)()") + inline + f"|({re.escape(END_TOKEN)})"
    begun = [_prefixes(END_TOKEN), *(_GLUE + _prefixes(word) for word in glued)]
    if words:
        begun.append(rf"\n[ \t]{{0,8}}(?:{'|'.join(map(_prefixes, words))})?+")
    return re.compile(whole), re.compile(rf"(?:{'|'.join(begun)})\Z")


_HEAD = _headers((_GROUNDED, _ANSWER, _RELEVANT, _CITED), (_GROUNDED,))
_IN_ANSWER = _headers((_GROUNDED,), (_GROUNDED,))
_LAST = _headers((), ())


class Parser:
    """One completion, incrementally: `feed` its pieces, then `close`. Any chunking gives the same result.

    `documents` is how many the prompt numbered: numbers beyond are dropped. Shown while it comes: the text of
    `Answer:` in modes accurate and off, the grounded text in mode fast or where no answer came before it.
    """

    def __init__(self, mode: CitationMode, documents: int) -> None:
        self._mode = mode
        self._documents = documents
        self._answer = Marked(documents)
        self._grounded = Marked(documents)
        self._section = ""  # the header we are under; END_TOKEN: nothing more counts
        self._buffer = "\n"  # the last character that was passed on, then what may begin a header
        self._fresh = 0  # where in the buffer the second part starts
        self._lists: dict[str, list[str]] = {}
        self._loose: list[str] = []
        self._shows_grounded = mode is CitationMode.FAST

    def feed(self, text: str) -> str:
        """The clean text that may now be shown: no tag, no header, no part of one."""
        self._buffer += text
        shown: list[str] = []
        while self._section != END_TOKEN:
            whole, begun = self._patterns()
            header = whole.search(self._buffer, self._fresh)
            if header is None:
                partial = begun.search(self._buffer, max(self._fresh, len(self._buffer) - _LOOK_BACK))
                shown.append(self._pass_on(partial.start() if partial else len(self._buffer)))
                break
            shown.append(self._pass_on(header.start()))
            self._enter(next(word for word in header.groups() if word))
            self._buffer = header.string[header.end() - 1 :]
            self._fresh = 1
        return "".join(shown)

    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        if self._section == _GROUNDED:
            return _LAST
        return _IN_ANSWER if self._section == _ANSWER else _HEAD

    def _pass_on(self, end: int) -> str:
        """Gives the buffer up to `end` to the section; returns what is shown of it."""
        text = self._buffer[self._fresh : end]
        if not text:
            return ""
        self._buffer = self._buffer[end - 1 :]
        self._fresh = 1
        if self._section == _GROUNDED:
            shown = self._grounded.feed(text)
            return shown if self._shows_grounded else ""
        if self._section == _ANSWER:
            shown = self._answer.feed(text)
            return shown if self._mode is not CitationMode.FAST else ""
        self._lists.get(self._section, self._loose).append(text)
        return ""

    def _enter(self, header: str) -> None:
        if header == _GROUNDED:
            self._shows_grounded |= not self._answer.started
        if header in (_RELEVANT, _CITED):
            if header in self._lists:
                self._loose.append("\n")
                header = ""
            else:
                self._lists[header] = []
        self._section = header

    def close(self) -> Completion:
        """The parsed completion; never raises on what a model wrote."""
        warnings: Counter[str] = Counter()
        self._flush(warnings)
        relevant, cited = (self._list(header, warnings) for header in (_RELEVANT, _CITED))
        text, marks, code = self._choose(warnings)
        counted = [Warn(repair, str(count)) for repair, count in warnings.items()]
        return Completion(text, marks, relevant, cited, (*counted, *([Warn(code)] if code else ())))

    def _flush(self, warnings: Counter[str]) -> None:
        """Passes on what looked like the beginning of a header, unless it is one that was cut off."""
        if self._section == END_TOKEN:
            return
        cut = _CUT_HEADER.match(self._buffer, self._fresh)
        if cut and (self._lists or self._section):
            self._buffer = self._buffer[: cut.start()]
            warnings["partial_header"] += 1
        self._pass_on(len(self._buffer))

    def _list(self, header: str, warnings: Counter[str]) -> Ids | None:
        """The numbers of the header's line; lines below it, and a line that is no list, are loose text."""
        if header not in self._lists:
            return None
        line, _, rest = "".join(self._lists[header]).partition("\n")
        numbers = numbers_of(line)
        if line.strip() != "None" and not re.fullmatch(r"[0-9,\s]*", line):
            warnings["bad_list"] += 1
            rest = f"{line}\n{rest}"
        self._loose.append(rest)
        known = tuple(number for number in numbers if number < self._documents)
        warnings.update({"bad_doc": 1} if known != numbers else {})
        return known

    def _choose(self, warnings: Counter[str]) -> tuple[str, tuple[Mark, ...], str]:
        """Which text is the answer, always one that the marks index, and a code for what is to be said of it."""
        answer, answer_marks = self._answer.close()
        text, marks = self._grounded.close()
        chosen, code = self._grounded, ""
        off = self._mode is CitationMode.OFF
        if not answer and not text:
            warnings.update(self._grounded.repairs)
            chosen = Marked(self._documents)
            chosen.feed("".join(self._loose))
            text, marks = chosen.close()[0], ()
            code = "no_headers" if text else "empty"
        elif not text or (off and answer):
            chosen, text, marks = self._answer, answer, answer_marks
            code = "" if off else "no_grounded"
        elif answer and answer != text:
            code = "grounded_cut" if answer.startswith(text) else "answer_differs"
            text = answer if code == "grounded_cut" else text
        if chosen is not self._answer and self._answer.tags:
            warnings["tag_in_answer"] += self._answer.tags
        warnings.update(chosen.repairs)
        return text, () if off else marks, code


def parse(completion: str, mode: CitationMode, documents: int) -> Completion:
    """A whole completion at once; see Parser."""
    parser = Parser(mode, documents)
    parser.feed(completion)
    return parser.close()


def write(
    text: str,
    marks: Sequence[Mark],
    *,
    mode: CitationMode,
    relevant: Sequence[int] | None = None,
    cited: Sequence[int] | None = None,
) -> str:
    """The inverse of `parse`: a completion that gives stripped `text` and `marks` back, whatever the text holds.

    Marks hold text, do not begin or end with whitespace, come sorted, and may nest or touch; they may cross
    if their numbers differ. A list that is None is not written; mode off writes no marks. ValueError: a mark
    is empty, outside of the text or without numbers.
    """
    lists = ((_RELEVANT, relevant), (_CITED, cited))
    lines = [f"{header} {_joined(numbers) or 'None'}" for header, numbers in lists if numbers is not None]
    if mode is not CitationMode.FAST:
        lines.append(f"{_ANSWER} {_marked(text, ())}")
    if mode is not CitationMode.OFF:
        lines.append(f"{_GROUNDED} {_marked(text, marks)}")
    return "\n".join(lines)


def _joined(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def _marked(text: str, marks: Sequence[Mark]) -> str:
    """At one place: first the escape of the character before it, then closing tags, then opening ones."""
    inserts = [(match.end(), 0, 0, ESCAPE) for match in _ESCAPED.finditer(text)]
    for mark in marks:
        if not (0 <= mark.start < mark.end <= len(text) and mark.numbers):
            raise ValueError(f"{mark} is no mark of a text of {len(text)} characters")
        ids = _joined(mark.numbers)
        inserts.append((mark.end, 1, -mark.start, f"</co: {ids}>"))
        inserts.append((mark.start, 2, -mark.end, f"<co: {ids}>"))
    inserts.sort(key=lambda insert: insert[:3])
    parts: list[str] = []
    at = 0
    for place, _, _, string in inserts:
        parts += (text[at:place], string)
        at = place
    return "".join((*parts, text[at:]))
