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
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ragcli.types import CitationMode, Completion, Mark, Warn

ESCAPE: Final = "\U0010fffd"
END_TOKEN: Final = "<|END_OF_TURN_TOKEN|>"
MAX_DIGITS: Final = 9

Ids = tuple[int, ...]

# Possessive: each "<" is looked at once, whatever follows it.
_TAG = re.compile(r"<\s*+(/?+)\s*+co\s*+(?::([^<>]*+))?+>")
_OPEN_TAG = re.compile(r"<\s*+(?:/\s*+)?+(?:(?P<co>co)\s*+(?P<body>:[^<>]*+)?+|(?P<c>c))?+\Z")
_JOINT = re.compile(r"(<\s*+(?:/\s*+)?+co)([\s:>]*+)")
_ANGLE = re.compile(r"[<>]")
_NO_VALUE = re.compile(r"=\s*+(?:\"\"|'')")

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


@lru_cache(maxsize=256)
def _ids(body: str | None) -> Ids:
    """The numbers of a tag or list, first come first, each once; what is no ASCII number is left out."""
    words = [part.strip() for part in _NO_VALUE.sub("", body or "").split(",")]
    return tuple(dict.fromkeys(_number(word) for word in words if word.isascii() and word.isdigit()))


def _number(digits: str) -> int:
    short = digits.lstrip("0") or "0"
    return int(short) if len(short) <= MAX_DIGITS else 10**MAX_DIGITS


class _Marked:
    """Marked text -> clean text and spans, piece by piece, in linear time."""

    def __init__(self, documents: int) -> None:
        self.repairs: Counter[str] = Counter()
        self.started = False
        self.tags = 0
        self._documents = documents
        self._held: list[str] = []  # an unfinished tag
        self._state = ""
        self._bridge = ""
        self._escape = ""
        self._spaces: list[str] = []  # whitespace that is shown only if text follows
        self._parts: list[str] = []
        self._length = 0
        # opening tags by number; plain integers, as a completion may hold 200,000 of them
        self._starts: list[int] = []
        self._ids: list[Ids] = []
        self._closed = bytearray()
        self._open: list[int] = []
        self._open_by_ids: defaultdict[Ids, list[int]] = defaultdict(list)
        self._spans: list[tuple[int, int, Ids]] = []

    def feed(self, raw: str) -> str:
        """The clean text that is now certain."""
        if self._held:
            self._held.append(raw)
            if self._undecided(raw):
                return ""
            raw = "".join(self._held)
            self._held = []
        shown: list[str] = []
        at = 0
        for tag in _TAG.finditer(raw):
            start, end = tag.span()
            if start > at:
                shown.append(self._emit(self._before_tag(raw[at:start])))
            at = end
            self._escape = ""
            self.tags += 1
            slash, body = tag.groups()
            if slash:
                self._close_tag(_ids(body))
            else:
                self._open_tag(_ids(body))
        last = raw.rfind("<", at)
        begun = _OPEN_TAG.match(raw, last) if last >= 0 else None
        if begun is None:
            shown.append(self._emit(self._bridged(raw[at:])))
            return "".join(shown)
        # an unfinished tag before it is held too: it is repaired only if a whole tag follows
        previous = raw.rfind("<", at, last)
        broken = _OPEN_TAG.match(raw, previous, last) if previous >= 0 else None
        first = previous if broken and broken["co"] else last
        self._held = [raw[first:]]
        self._state = next((name for name in ("body", "c", "co") if begun[name]), "")
        shown.append(self._emit(self._before_tag(raw[at:first], certain=False)))
        return "".join(shown)

    def _before_tag(self, raw: str, *, certain: bool = True) -> str:
        """Text that a tag follows, for certain or perhaps: remembers its end if that might become a tag."""
        raw = self._bridged(raw)
        last = raw.rfind("<")
        begun = _OPEN_TAG.match(raw, last) if last >= 0 else None
        if begun is None:
            return raw
        if begun["co"]:
            return raw[:last] + self._disjoined(raw[last:]) if certain else raw
        self._bridge = _canonical(begun)
        return raw

    def _bridged(self, raw: str) -> str:
        """Text that only tags part from what might become a tag."""
        if not self._bridge or not raw:
            return raw
        before, self._bridge = self._bridge, ""
        begun = _OPEN_TAG.match(before + raw)
        if begun and not begun["co"]:
            self._bridge = _canonical(begun)
        return self._disjoined(before + raw)[len(before) :]

    def _disjoined(self, text: str) -> str:
        """Takes the ":" and ">" behind "<co", so that no tag is made of what broken tags leave."""
        joint = _JOINT.match(text)
        if joint is None:
            return text
        kept = re.sub("[:>]", "", joint[2])
        self.repairs.update({"partial_tag": 1} if kept != joint[2] else {})
        self._bridge = "<co" if joint.end() == len(text) else ""
        return joint[1] + kept + text[joint.end() :]

    def _undecided(self, raw: str) -> bool:
        """Whether `raw` leaves an unfinished tag unfinished; spares matching it anew with each piece."""
        if self._state == "body":
            return _ANGLE.search(raw) is None
        return not raw or (self._state != "c" and raw.isspace())

    def _open_tag(self, ids: Ids) -> None:
        number = len(self._starts)
        self._starts.append(self._length)
        self._ids.append(ids)
        self._closed.append(False)
        self._open.append(number)
        self._open_by_ids[ids].append(number)

    def _close_tag(self, ids: Ids) -> None:
        """Pairs with the nearest open tag of the same list, else with the nearest one; the closing list wins."""
        number = self._pop(self._open_by_ids[ids]) if ids in self._open_by_ids and ids else -1
        if number < 0:
            number = self._pop(self._open)
            if number < 0:
                self.repairs["stray_close"] += 1
                return
            if ids:
                self.repairs["id_mismatch"] += 1
        self._spans.append((self._starts[number], self._length, ids or self._ids[number]))

    def _pop(self, stack: list[int]) -> int:
        """The nearest tag that is still open, now closed; -1 if none is."""
        while stack:
            number = stack.pop()
            if not self._closed[number]:
                self._closed[number] = True
                return number
        return -1

    def _emit(self, raw: str) -> str:
        """Unescapes and keeps; returns what may be shown: nothing before the first letter or after the last."""
        if not raw:
            return ""
        text = raw
        if self._escape or ESCAPE in raw:
            text = self._escape + raw
            self._escape = ESCAPE if (len(text) - len(text.rstrip(ESCAPE))) % 2 else ""
            text = ESCAPE.join(part.replace(ESCAPE, "") for part in text.split(ESCAPE * 2))
        self._parts.append(text)
        self._length += len(text)
        body = text.rstrip()
        if not body:
            self._spaces.append(text)
            return ""
        shown = "".join(self._spaces) + body
        self._spaces = [text[len(body) :]]
        if not self.started:
            shown = shown.lstrip()
            self.started = True
        return shown

    def close(self) -> tuple[str, tuple[Mark, ...]]:
        """The stripped text and its marks, sorted."""
        held = "".join(self._held)
        if held and self._state in ("body", "co"):
            self.repairs["partial_tag"] += 1
            held = held[: held.rfind("<")]
        self._emit(held)
        self._held = []
        unclosed = self._closed.count(False)
        self.repairs.update({"unclosed": unclosed} if unclosed else {})
        whole = "".join(self._parts)
        text = whole.strip()
        lead = len(whole) - len(whole.lstrip())
        trimmed = _Trim(text)
        marks = [mark for span in self._spans if (mark := self._mark(span, lead, trimmed))]
        return text, tuple(sorted(marks, key=lambda mark: (mark.start, mark.end)))

    def _mark(self, span: tuple[int, int, Ids], lead: int, trimmed: _Trim) -> Mark | None:
        start, end = trimmed(span[0] - lead, span[1] - lead)
        known = tuple(number for number in span[2] if number < self._documents)
        if len(known) != len(span[2]):
            self.repairs["bad_doc"] += 1
        if not span[2]:
            self.repairs["no_doc"] += 1
        if start >= end:
            self.repairs["empty_span"] += 1
        return Mark(start, end, known) if known and start < end else None


def _canonical(begun: re.Match[str]) -> str:
    """The shortest text that may become what the unfinished tag may."""
    return ("</" if "/" in begun[0] else "<") + (begun["c"] or "")


class _Trim:
    """Takes surrounding whitespace off spans of `text`; the runs are found once, as spans may nest deeply."""

    def __init__(self, text: str) -> None:
        self._size = len(text)
        runs = [run.span() for run in re.finditer(r"\s+", text)]
        self._starts = [start for start, _ in runs]
        self._ends = [end for _, end in runs]

    def __call__(self, start: int, end: int) -> tuple[int, int]:
        start, end = max(0, start), min(self._size, end)
        run = bisect_right(self._starts, start) - 1
        if run >= 0 and start < self._ends[run]:
            start = self._ends[run]
        run = bisect_right(self._starts, end - 1) - 1
        if run >= 0 and end <= self._ends[run]:
            end = self._starts[run]
        return start, end


class Parser:
    """One completion, incrementally: `feed` its pieces, then `close`. Any chunking gives the same result.

    `documents` is how many the prompt numbered: numbers beyond are dropped. Shown while it comes: the text of
    `Answer:` in modes accurate and off, the grounded text in mode fast or where no answer came before it.
    """

    def __init__(self, mode: CitationMode, documents: int) -> None:
        self._mode = mode
        self._documents = documents
        self._answer = _Marked(documents)
        self._grounded = _Marked(documents)
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
        numbers = _ids(line)
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
            chosen = _Marked(self._documents)
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
