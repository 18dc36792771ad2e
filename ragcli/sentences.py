"""Text -> sentence spans: exact offsets, nothing but whitespace lost.

A line that is a list item, a table row, a heading or a rule is a sentence of its own; a line that is merely wrapped
goes on. What a full stop means is decided from the word before it and the letter after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from ragcli.types import Span

_LOOK: Final = 400
"""Characters of a neighbouring line that are looked at."""
_NARROW: Final = 32
"""A line that could have held the next word within this many characters was ended on purpose."""
_THAI_RUN: Final = 40
"""Characters after which a space between Thai letters ends a sentence."""

_CLOSERS: Final = "\"'\u201d\u2019\u00bb\u203a)\\]}\u300d\u300f\u3011\uff09\u3009\u300b*_`"
# Chinese and Japanese, Devanagari, Arabic and Urdu, Burmese, Khmer, Ethiopic, Armenian: no space need follow
_FULL: Final = "\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u104b\u17d4\u17d5\u1362\u0589"
_THAI: Final = re.compile("[\u0e01-\u0e4e] [\u0e01-\u0e4e]")


@cache
def _breaks(first: str) -> re.Pattern[str]:
    """All that may end a sentence, by its first character: a leading set is what `re` searches fast."""
    return re.compile(
        rf"[{first}](?:(?P<blank>(?<=\n)[^\S\n]*+\n\s*+|(?<=[\f\u2029])\s*+)|(?P<line>(?<=\n))"
        rf"|(?P<stop>(?<=[.!?\u2026])(?<![.!?\u2026]{{2}})[.!?\u2026]*+[{_CLOSERS}]*+(?:\[[0-9]{{1,3}}\])*+(?=\s|\Z))"
        rf"|(?P<full>(?<=[{_FULL}])[{_FULL}]*+[{_CLOSERS}]*+)"
        r"|(?P<greek>(?<=[\u0370-\u03ff\u1f00-\u1fff][;\u037e])(?=\s|\Z))"
        r"|(?P<thai>(?<=[\u0e01-\u0e4e] ) *+(?=[\u0e01-\u0e4e])))"
    )


_ENDS: Final = rf"\n\f\u2029.!?\u2026;\u037e{_FULL}"
_ENDS_THAI: Final = f"{_ENDS} "
_OPENERS: Final = "\"'(\\[{\u201c\u2018\u00ab\u2039\u00bf\u00a1*_`"
_NEXT: Final = re.compile(rf"\s*+[{_OPENERS}]*+(\w*+)")
_DOTTED: Final = re.compile(r"[^\W\d_](?:\.[^\W\d_]{1,2})+")
_ITEM: Final = re.compile(
    r"[^\S\n]*+(?:[-*+\u2022\u2023\u25aa\u25cf\u25e6\u2013\u00b7][^\S\n]|\(?(?:[0-9]{1,3}|[A-Za-z]|[ivx]{1,4})[.)][^\S\n]"
    r"|\#{1,6}[^\S\n]|\||>|```|~~~|\.\. |:[\w -]{1,30}:"
    # a record of JSON, a dated line of a log
    r"|\{|\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2})"
)
_ALONE: Final = re.compile(r"[^\S\n]*+(?:\#{1,6}[^\S\n]|\||```|~~~|[=\-~^\"'`*+:.|_ \t]{3,}\Z)")
_QUOTED: Final = re.compile(r'"[^"]*"')
_NUMBERED: Final = re.compile(r"\(?(?:[0-9]{1,3}|[A-Za-z]|[ivxIVX]{1,4})\Z")

# never the end of a sentence, unless nothing follows
_TITLES: Final = frozenset(
    "mr mrs ms dr prof st rev hon gen col capt lt sgt maj gov sen rep pres messrs mme mlle ing dipl vs cf eg ie viz ca"
    " approx al resp incl excl trans bros ave blvd mt fig figs eq eqs ref refs bzw evtl vgl sog inkl bsp hrsg sra srta"
    " dra ud av dott sig est dept univ г гг ул им см рис стр проф акад".split()
)
# an abbreviation where a number follows
_BEFORE_NUMBER: Final = frozenset(
    "no nos nr op vol vols p pp pg sec secs ch chap v art abs tel núm pág jan feb mar apr jun jul aug sep sept oct nov"
    " dec".split()
)
# at the end of a sentence or inside it: the next word decides
_EITHER: Final = frozenset("etc inc ltd corp co jr sr ed eds usw ggf st h ph.d".split())
_STARTERS: Final = frozenset(
    "a after all although an and as at because before both but by during each every following for from he her his how"
    " however i if in it its many most no of on one our she since so some such that the their then there these they"
    " this those to we what when where which while who why with you der die das ein eine es er sie in im am".split()
)
_AFTER_ORDINAL: Final = frozenset(
    "jahrhundert jahrhunderts jh januar februar märz april mai juni juli august september oktober november dezember"
    " auflage kapitel klasse".split()
)


def spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of text[start:end], in order, trimmed; together all that is not whitespace. Linear."""
    stop = len(text) if end is None else min(end, len(text))
    found: list[Span] = []
    at = start
    for cut in _cuts(text, start, stop):
        _keep(found, text, at, cut)
        at = cut
    _keep(found, text, at, stop)
    return found


def _keep(found: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    body = piece.lstrip()
    if body:
        first = start + len(piece) - len(body)
        found.append((first, first + len(body.rstrip())))


def _cuts(text: str, start: int, stop: int) -> Iterator[int]:
    """Where sentences end, ascending."""
    line = last = start
    width = 0
    pattern = _breaks(_ENDS_THAI if _THAI.search(text, start, stop) else _ENDS)
    for match in pattern.finditer(text, start, stop):
        kind, at = match.lastgroup, match.end()
        if kind == "line":
            ends = _is_line_end(text, (line, match.start()), stop, width)
            width, line = match.start() - line, at
        elif kind == "stop":
            ends = _is_stop(text, match, line, stop)
        else:
            ends = kind != "thai" or at - last > _THAI_RUN
        if kind == "blank":
            width, line = 0, at
        if ends:
            last = at
            yield at


def _is_line_end(text: str, line: Span, stop: int, width: int) -> bool:
    """Whether the line was ended on purpose. `width` is the length of the line above it."""
    here = text[line[0] : min(line[1], line[0] + _LOOK)].rstrip("\r")
    below = text[line[1] + 1 : min(stop, line[1] + 1 + _LOOK)].partition("\n")[0]
    if _ITEM.match(below) or _ALONE.match(here) or _ALONE.match(below):
        return True
    if _are_rows(here, below):
        return True
    found = _NEXT.match(below)
    word = found.group(1) if found else ""
    if word[:1].islower() or here.rstrip()[-1:] in ("", ",", "-", "\u00ad"):
        return False
    room = len(here.strip()) + 1 + len(word)
    return room < _NARROW or room < 0.6 * max(width, len(below))


def _are_rows(here: str, below: str) -> bool:
    """Whether two lines are rows of one table without rules: as many tabs, or as many `;` or `,` without a space."""
    for mark in "\t;,":
        if mark not in here or mark not in below:
            continue
        first, second = _QUOTED.sub("", here), _QUOTED.sub("", below)
        spaced = mark != "\t" and (f"{mark} " in first or f"{mark} " in second)
        count = first.count(mark)
        if mark in first.rstrip(mark) and count == second.count(mark) and not spaced:
            at = first.index(mark)
            return mark != "," or count > 1 or not (first[at - 1 : at].isdigit() and first[at + 1 : at + 2].isdigit())
    return False


def _is_stop(text: str, match: re.Match[str], line: int, stop: int) -> bool:
    """Whether the stop mark ends a sentence."""
    mark = match.group()
    if match.end() >= stop:
        return True
    found = _NEXT.match(text, match.end(), min(stop, match.end() + 60))
    word = found.group(1) if found else ""
    before = text[max(line, match.start() - 24) : match.start()]
    head = text[line : min(line + 8, match.start())]
    if mark[0] == "." and mark[1:2] not in (".", "!", "?") and _is_abbreviation(before, word, head):
        return False
    if word[:1].islower():
        tail = before.split()[-1:]
        return mark in (".", "!", "?") and bool(tail) and len(tail[0]) > 3 and tail[0].islower() and tail[0].isalpha()
    return True


def _is_abbreviation(before: str, word: str, head: str) -> bool:
    """Whether the full stop after `before` belongs to its last word; `word` is the one
    that follows, `head` the start of the line up to the stop, at most 8 characters."""
    pieces = before.split()
    last = pieces[-1].lstrip(_OPENERS) if pieces else ""
    lower, following = last.lower(), word.lower()
    if lower in _TITLES or (len(head) < 8 and _NUMBERED.match(head.strip())):
        return True
    if lower in _BEFORE_NUMBER:
        return word[:1].isdigit()
    if last.isdigit():
        return len(last) < 3 and following in _AFTER_ORDINAL
    if lower in _EITHER or _DOTTED.fullmatch(lower):
        return following not in _STARTERS
    return len(last) == 1 and last.isalpha() and (last.isupper() or last.islower()) and last != "I"
