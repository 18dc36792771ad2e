"""Text with tags -> clean text and marks, incrementally: the spans between `<co: 0,2>` and `</co: 0,2>`.

Any chunking gives the same result, in linear time, whatever a model wrote; what broken tags leave never makes a new
tag. ESCAPE inside of what looks like a tag makes it text (see `citations`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from functools import lru_cache
from typing import Final

from ragcli.types import Mark

ESCAPE: Final = "\U0010fffd"
MAX_DIGITS: Final = 9

Ids = tuple[int, ...]

# Possessive: each "<" is looked at once, whatever follows it.
_TAG = re.compile(r"<\s*+(/?+)\s*+co\s*+(?::([^<>]*+))?+>")
_OPEN_TAG = re.compile(r"<\s*+(?:/\s*+)?+(?:(?P<co>co)\s*+(?P<body>:[^<>]*+)?+|(?P<c>c))?+\Z")
_JOINT = re.compile(r"(<\s*+(?:/\s*+)?+co)([\s:>]*+)")
_ANGLE = re.compile(r"[<>]")
_NO_VALUE = re.compile(r"=\s*+(?:\"\"|'')")


@lru_cache(maxsize=256)
def numbers_of(body: str | None) -> Ids:
    """The numbers of a tag or list, first come first, each once; what is no ASCII number is left out."""
    words = [part.strip() for part in _NO_VALUE.sub("", body or "").split(",")]
    return tuple(dict.fromkeys(_number(word) for word in words if word.isascii() and word.isdigit()))


def _number(digits: str) -> int:
    short = digits.lstrip("0") or "0"
    return int(short) if len(short) <= MAX_DIGITS else 10**MAX_DIGITS


class Marked:
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
                self._close_tag(numbers_of(body))
            else:
                self._open_tag(numbers_of(body))
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
