"""Text -> terms: one analysis per script, the same when writing and when asking.

Latin words are stemmed by English rules; a text that shows marks of another language also gets the 4-grams of
each word, as do the other alphabets. Chinese, Japanese and Korean become bigrams, Thai, Lao, Khmer and Burmese
trigrams. A date adds terms of one form. No flag names a language: all follows from the text (figures:
benchmarks/lexical.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from ragcli import dates
from ragcli.language import NO_CONTENT, NO_CONTENT_ABROAD, STOP, STOP_ABROAD, Language, guess
from ragcli.stem import stem
from ragcli.types import Span

MAX_GRAMS: Final = 60
"""Grams taken of one word, from its head; a longer word is most likely not one."""
MAX_TERM: Final = 60
"""Characters of the longest term."""
_MAX_CACHED: Final = 40
_MAX_PIECES: Final = 10

# Ranges, for use inside [...]; kana and the ideographs, Hangul, the scripts written without spaces
_HAN: Final = (
    "\u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_HANGUL: Final = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7af"
_UNSPACED: Final = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
_WIDE_STOPS: Final = "\u3000-\u3004\u3008-\u303f\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
# \w leaves out the vowel signs (category M) that Brahmic scripts write inside words
_LETTER: Final = (
    r"\w\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    r"\u06ea-\u06ed\u0711-\u074a\u0900-\u0963\u0970-\u0df3\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0fbc"
    r"\u102b-\u103e\u1056-\u109d\u17b4-\u17d3\u3099\u309a\u200c\u200d"
)

_TOKEN: Final = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|v?\d+(?:\.\d+)+[A-Za-z0-9]*|(?<![\d,])\d+,\d+(?![\d,]))"
    r"|(?P<acronym>(?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?)"
    rf"|(?P<word>\w[{_LETTER}]*(?:['\u2019\u02bc\-\u2010\u2011]\w[{_LETTER}]*)*)"
)
# strings, which `re` compiles and keeps at their first use: sets this wide take 3 ms each
_RUN: Final = (
    rf"(?P<han>[{_HAN}]+)|(?P<hangul>[{_HANGUL}]+)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<rest>[^{_HAN}{_HANGUL}{_UNSPACED}]+)"
)
_WORD: Final = rf"[{_HAN}]{{1,2}}|[{_UNSPACED}]{{1,5}}|[^\s{_HAN}{_UNSPACED}{_WIDE_STOPS}]+"
_NOT_SPACED: Final = f"[{_HAN}{_UNSPACED}{_WIDE_STOPS}]"
_JOINT: Final = re.compile(r"[_'\u2019\u02bc\-\u2010\u2011]+")
_APOSTROPHE: Final = re.compile(r"['\u2019\u02bc]")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9]+")
_CASE_CHANGE: Final = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}|[A-Za-z][0-9]|[0-9][A-Za-z]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")
_DIGIT: Final = re.compile(r"[^\D0-9]")
# letters that Unicode does not decompose but people type without the stroke
_LETTERS: Final = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
    | {"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": "", "\u200c": "", "\u200d": ""}
)


def terms(text: str) -> list[str]:
    """The terms to index or to look up, in text order, repeats kept. Only letters, digits, marks, `_` and `.`.

    Stop words are dropped unless nothing else is there.
    """
    plain = _plain(text)
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(plain)]
    language = guess([token for kind, token in tokens if kind == "word"], ascii_only=plain.isascii())
    found = [term for kind, token in tokens for term in _analyse(kind, token, language)]
    found += [term for date in dates.find(plain) for term in date.terms]
    return found or [term for kind, token in tokens for term in _analyse(kind, token, Language.ENGLISH, keep=True)]


def content_terms(text: str) -> list[str]:
    """One term a word: what a text is about, for coverage. Stop and question words are left out, of English in
    English text ("die" says much there), else of ten languages, unless nothing else is there; scripts without
    spaces give n-grams as in `terms`, and dates their terms only, first."""
    plain = _plain(text)
    days = list(dates.find(plain))
    for day in reversed(days):
        plain = plain[: day.start] + " " + plain[day.end :]
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(plain)]
    language = guess([token for kind, token in tokens if kind == "word"], ascii_only=plain.isascii())
    dropped = NO_CONTENT if language is Language.ENGLISH else NO_CONTENT_ABROAD
    found = [term for day in days for term in day.terms]
    found += [term for kind, token in tokens for term in _content(kind, token, dropped)]
    return found or [term for kind, token in tokens for term in _content(kind, token, frozenset())]


def words(text: str) -> list[Span]:
    """Word spans for counting: what lies between spaces; two characters of Chinese or Japanese, five of Thai,
    Lao, Khmer or Burmese make a word."""
    return [match.span() for match in re.finditer(_WORD, text)]


def count_words(text: str) -> int:
    """`len(words(text))`, faster."""
    if text.isascii() or not re.search(_NOT_SPACED, text):
        return len(text.split())
    return len(re.findall(_WORD, text))


def _plain(text: str) -> str:
    if text.isascii():
        return text
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _DIGIT.sub(lambda match: str(unicodedata.digit(match.group())), plain)


def _analyse(kind: str, token: str, language: Language, *, keep: bool = False) -> tuple[str, ...]:
    if len(token) <= _MAX_CACHED:
        return _analyse_cached(kind, token, language, keep)
    return tuple(term[:MAX_TERM] for term in _terms_of(kind, token, language, keep) if term)  # a joiner alone is none


@lru_cache(maxsize=1 << 16)
def _analyse_cached(kind: str, token: str, language: Language, keep: bool) -> tuple[str, ...]:
    return tuple(filter(None, _terms_of(kind, token, language, keep)))


def _terms_of(kind: str, token: str, language: Language, keep: bool) -> Iterator[str]:
    if kind == "number":
        yield from _number(token)
    elif kind == "acronym":
        yield fold(token.replace(".", ""))
    elif token.isascii():
        yield from _latin(token, language, keep)
    else:
        for match in re.finditer(_RUN, token):
            run = match.group()
            if match.lastgroup in ("han", "hangul"):
                yield from _grams(run.casefold(), 2)
            elif match.lastgroup == "unspaced":
                yield from _grams(run, 3)
            else:
                yield from _latin(run, language, keep)


def _number(token: str) -> Iterator[str]:
    """1,190.50 is 1190.50 and 1190; 3,14 is 3.14; v1.0.21 is 1.0.21 and 1.0; 1.190 is itself and 1190."""
    number = token.lower().lstrip("v")
    if _GROUPED.fullmatch(number):
        number = number.replace(",", "")
    number = number.replace(",", ".")
    yield number
    parts = number.split(".", 2)
    if len(parts) > 2:
        yield f"{parts[0]}.{parts[1]}"
    elif len(parts) == 2 and _GROUPED.fullmatch(token):
        yield parts[0]
    elif len(parts) == 2 and len(parts[1]) == 3 and parts[1].isdigit():
        yield "".join(parts)


def _grams(run: str, n: int) -> Iterator[str]:
    if len(run) <= n:
        yield run
    else:
        yield from (run[i : i + n] for i in range(len(run) - n + 1))


def _latin(token: str, language: Language, keep: bool) -> Iterator[str]:
    """Terms of a word of an alphabet: the stem of each part, the whole of a joined one, grams by language."""
    parts = _parts(token)
    if len(parts) > 1:
        whole = fold("".join(parts))
        if len(whole) <= _MAX_CACHED:
            yield whole
    for part in parts:
        yield from _analyse("word", part, language, keep=keep) if len(parts) > 1 else _word(part, language, keep)


def _parts(token: str) -> list[str]:
    """The parts of an identifier or a compound: foo_barBaz -> foo, bar, Baz; l'homme -> homme; Tesla's -> Tesla."""
    parts = [part for part in _JOINT.split(token) if part]
    if len(parts) > 1 and _APOSTROPHE.search(token):
        parts = [part for part in parts if len(part) > 2] or parts
    if token.isascii() and _CASE_CHANGE.search(token):
        parts = [piece for part in parts for piece in _pieces(part)]
    return parts


def _pieces(part: str) -> list[str]:
    """The words of a camelCase name; a hash or other code stays whole."""
    pieces = _CAMEL.findall(part)
    return pieces if len(pieces) <= _MAX_PIECES else [part]


def _word(word: str, language: Language, keep: bool) -> Iterator[str]:
    lower = word.casefold()
    if not keep and lower in (STOP_ABROAD if language is Language.OTHER else STOP):
        return
    if language is Language.VIETNAMESE and not lower.isascii():
        yield lower
        return
    folded = fold(word)
    if not folded:
        return
    latin = folded < "\u0250"
    yield stem(folded) if latin else folded
    if not latin or language is Language.OTHER:
        yield from _grams(f"_{folded[:MAX_GRAMS]}_", 4)


def _content(kind: str, token: str, dropped: frozenset[str]) -> tuple[str, ...]:
    if len(token) <= _MAX_CACHED:
        return _content_cached(kind, token, dropped)
    return tuple(term[:MAX_TERM] for term in _content_of(kind, token, dropped) if term)


@lru_cache(maxsize=1 << 14)
def _content_cached(kind: str, token: str, dropped: frozenset[str]) -> tuple[str, ...]:
    return tuple(filter(None, _content_of(kind, token, dropped)))


def _content_of(kind: str, token: str, dropped: frozenset[str]) -> Iterator[str]:
    for match in re.finditer(_RUN, token):
        run = match.group()
        if kind == "word" and match.lastgroup == "rest":
            yield from _content_word(run, dropped)
        else:
            yield from _terms_of(kind, run, Language.ENGLISH, not dropped)


def _content_word(token: str, dropped: frozenset[str]) -> Iterator[str]:
    for part in _parts(token):
        lower = part.casefold()
        folded = fold(part)
        if folded and lower not in dropped:
            yield stem(folded) if folded < "\u0250" else folded[:5]


def fold(word: str) -> str:
    """Case folded; accents dropped where a script uses them as such (not the vowel signs of Brahmic scripts)."""
    if word.isascii():
        return word.lower()
    lower = word.casefold()
    if any("\u0900" <= c <= "\u1cff" for c in lower):
        return lower.translate(_LETTERS)
    bare = (c for c in unicodedata.normalize("NFD", lower) if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", "".join(bare)).translate(_LETTERS)
