"""Text -> terms: one analysis per script, the same when writing and when asking.

Latin words are stemmed by English rules; a text that shows marks of another language also gets the 4-grams of
each word, as do the other alphabets. Chinese, Japanese and Korean become bigrams, Thai, Lao, Khmer and Burmese
trigrams. No flag names a language: all follows from the text (figures: benchmarks/lexical.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from ragcli.types import Span

MAX_GRAMS: Final = 60
"""Grams taken of one word, from its head; a longer word is most likely not one."""
MAX_TERM: Final = 60
"""Characters of the longest term."""
_PROSE: Final = 15
"""Text in a language has one of the marks looked for in every so many words; lists and code have fewer."""
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
_RUN: Final = re.compile(
    rf"(?P<han>[{_HAN}]+)|(?P<hangul>[{_HANGUL}]+)|(?P<unspaced>[{_UNSPACED}]+)"
    rf"|(?P<rest>[^{_HAN}{_HANGUL}{_UNSPACED}]+)"
)
_WORD: Final = re.compile(rf"[{_HAN}]{{1,2}}|[{_UNSPACED}]{{1,5}}|[^\s{_HAN}{_UNSPACED}{_WIDE_STOPS}]+")
_NOT_SPACED: Final = re.compile(f"[{_HAN}{_UNSPACED}{_WIDE_STOPS}]")
_JOINT: Final = re.compile(r"[_'\u2019\u02bc\-\u2010\u2011]+")
_APOSTROPHE: Final = re.compile(r"['\u2019\u02bc]")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9]+")
_CASE_CHANGE: Final = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}|[A-Za-z][0-9]|[0-9][A-Za-z]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")
_DIGIT: Final = re.compile(r"[^\D0-9]")
_ACCENTED: Final = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_VIETNAMESE: Final = re.compile("[\u1ea0-\u1ef9\u01a0\u01a1\u01af\u01b0]")
# letters that Unicode does not decompose but people type without the stroke
_LETTERS: Final = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
    | {"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": "", "\u200c": "", "\u200d": ""}
)

_STOP: Final = frozenset(
    (
        "a about above after again against all also am an and any are as at be because been before being below"
        " between both but by can could did do does doing during each few for from further had has have having he"
        " her here hers him his how i if in into is it its itself just me more most my no nor not now of off on"
        " once only or other our out over own same she should so some such than that the their them then there"
        " these they this those through to too under until up very was we were what when where which while who whom"
        " whose why will with would you your ain aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren"
        " wouldn"
    ).split()
)
# function words that are English but common elsewhere too: no evidence for either side
_SHARED: Final = frozenset(
    (
        "a all am an as at be by can do for he her him i in is me more most no of off on or so such to too up was"
        " we were will"
    ).split()
)
_FOREIGN: Final = frozenset(
    # German, Dutch, Scandinavian
    "der die das den dem des ein eine einer einem einen und ist sind waren wurde wurden wird werden nicht mit von zu"
    " zum zur im auf aus bei nach wie wer wen welche welcher welches welchen welchem wann warum wo wieviel viele sich"
    " hat haben durch als auch oder einige seine sein kann machen worauf wogegen het een zijn werd welk welke wat niet"
    " voor og ikke det som til av har hvad hvem hvor och inte att ett är vad vem hur"
    # Spanish, Portuguese, French, Italian, Romanian, Catalan
    " el la los las un una unos del que qué en y por para se su sus es fue eran cuál quién cómo cuándo cuántos dónde"
    " lo um uma da dos das em não quem qual quando quantos le les une du et est sont dans pour avec qui quel quelle"
    " quels combien où aux il gli di che è sono della nel chi quale come quanti și din cu ce cine când unde câți câte"
    " cum cui este sunt lui ai"
    # Polish, Czech, Croatian, Hungarian, Finnish, Turkish, Indonesian
    " na nie się jest są jak kto który která gdzie je jsou kdo který kde su što tko koji az és hogy egy nem volt ki hol"
    " melyik ei oli mikä kuka missä ve bir bu için ile kim hangi nerede kaç nasıl mı nedir kimdi kimdir nerededir"
    " olarak olan yang dan dari untuk dengan pada ini itu apa siapa".split()
)
_ENGLISH: Final = _STOP - _SHARED - _FOREIGN
_ABROAD: Final = _FOREIGN - _STOP
_STOP_ABROAD: Final = _STOP | _FOREIGN
_NO_CONTENT: Final = _STOP_ABROAD | {"many", "much"}


class _Language(Enum):
    """What the Latin words of a text are taken for."""

    ENGLISH = auto()
    OTHER = auto()
    VIETNAMESE = auto()


def terms(text: str) -> list[str]:
    """The terms to index or to look up, in text order, repeats kept. Only letters, digits, marks, `_` and `.`.

    Stop words are dropped unless nothing else is there.
    """
    plain = _plain(text)
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(plain)]
    language = _language([token for kind, token in tokens if kind == "word"], ascii_only=plain.isascii())
    found = [term for kind, token in tokens for term in _analyse(kind, token, language)]
    return found or [term for kind, token in tokens for term in _analyse(kind, token, _Language.ENGLISH, keep=True)]


def content_terms(text: str) -> list[str]:
    """One term a word: what a text is about, for coverage. Stop and question words of ten languages are left out,
    unless nothing else is there; scripts without spaces give n-grams as in `terms`."""
    tokens = [(match.lastgroup or "", match.group()) for match in _TOKEN.finditer(_plain(text))]
    found = [term for kind, token in tokens for term in _content(kind, token, False)]
    return found or [term for kind, token in tokens for term in _content(kind, token, True)]


def words(text: str) -> list[Span]:
    """Word spans for counting: what lies between spaces; two characters of Chinese or Japanese, five of Thai,
    Lao, Khmer or Burmese make a word."""
    return [match.span() for match in _WORD.finditer(text)]


def count_words(text: str) -> int:
    """`len(words(text))`, faster."""
    if text.isascii() or not _NOT_SPACED.search(text):
        return len(text.split())
    return len(_WORD.findall(text))


def _plain(text: str) -> str:
    if text.isascii():
        return text
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _DIGIT.sub(lambda match: str(unicodedata.digit(match.group())), plain)


def _language(tokens: list[str], *, ascii_only: bool) -> _Language:
    english = other = vietnamese = 0
    for token in tokens:
        word = token.lower()
        if word in _ENGLISH:
            english += 1
        elif word in _ABROAD:
            other += 1
        elif not ascii_only and _ACCENTED.search(token):
            other += 1
            vietnamese += _VIETNAMESE.search(token) is not None
        elif not ascii_only and len(token) > 1 and min(token) >= "\u0370":
            other += 1
    if vietnamese > english and vietnamese * 8 >= len(tokens):
        return _Language.VIETNAMESE
    if other > english and other * _PROSE >= len(tokens):
        return _Language.OTHER
    return _Language.ENGLISH


def _analyse(kind: str, token: str, language: _Language, *, keep: bool = False) -> tuple[str, ...]:
    if len(token) <= _MAX_CACHED:
        return _analyse_cached(kind, token, language, keep)
    return tuple(term[:MAX_TERM] for term in _terms_of(kind, token, language, keep))


@lru_cache(maxsize=1 << 16)
def _analyse_cached(kind: str, token: str, language: _Language, keep: bool) -> tuple[str, ...]:
    return tuple(_terms_of(kind, token, language, keep))


def _terms_of(kind: str, token: str, language: _Language, keep: bool) -> Iterator[str]:
    if kind == "number":
        yield from _number(token)
    elif kind == "acronym":
        yield fold(token.replace(".", ""))
    elif token.isascii():
        yield from _latin(token, language, keep)
    else:
        for match in _RUN.finditer(token):
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


def _latin(token: str, language: _Language, keep: bool) -> Iterator[str]:
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


def _word(word: str, language: _Language, keep: bool) -> Iterator[str]:
    lower = word.casefold()
    if not keep and lower in (_STOP_ABROAD if language is _Language.OTHER else _STOP):
        return
    if language is _Language.VIETNAMESE and not lower.isascii():
        yield lower
        return
    folded = fold(word)
    if not folded:
        return
    latin = folded < "\u0250"
    yield stem(folded) if latin else folded
    if not latin or language is _Language.OTHER:
        yield from _grams(f"_{folded[:MAX_GRAMS]}_", 4)


def _content(kind: str, token: str, keep: bool) -> tuple[str, ...]:
    if len(token) <= _MAX_CACHED:
        return _content_cached(kind, token, keep)
    return tuple(term[:MAX_TERM] for term in _content_of(kind, token, keep))


@lru_cache(maxsize=1 << 14)
def _content_cached(kind: str, token: str, keep: bool) -> tuple[str, ...]:
    return tuple(_content_of(kind, token, keep))


def _content_of(kind: str, token: str, keep: bool) -> Iterator[str]:
    for match in _RUN.finditer(token):
        run = match.group()
        if kind == "word" and match.lastgroup == "rest":
            yield from _content_word(run, keep)
        else:
            yield from _terms_of(kind, run, _Language.ENGLISH, keep)


def _content_word(token: str, keep: bool) -> Iterator[str]:
    for part in _parts(token):
        lower = part.casefold()
        folded = fold(part)
        if folded and (keep or lower not in _NO_CONTENT):
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


_VOWEL: Final = re.compile("[aeiouy]")
_R1: Final = re.compile("^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)|[aeiouy][^aeiouy]")
_R2: Final = re.compile("[aeiouy][^aeiouy]")
_SHORT: Final = re.compile("(?:^[aeiouy][^aeiouy]|.*[^aeiouy][aeiouy][^aeiouywxY])$")
_STEP2: Final = (
    ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"),
    ("tional", "tion"), ("biliti", "ble"), ("lessli", "less"), ("entli", "ent"), ("ation", "ate"), ("alism", "al"),
    ("aliti", "al"), ("ousli", "ous"), ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"), ("anci", "ance"),
    ("abli", "able"), ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"), ("ogist", "og"), ("ogi", "og"),
    ("li", ""),
)  # fmt: skip
_STEP3: Final = (
    ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ative", ""),
    ("ical", "ic"), ("ness", ""), ("ful", ""),
)  # fmt: skip
_STEP4: Final = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion",
    "al", "er", "ic",
)  # fmt: skip
_ODD: Final = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "early": "earli", "only": "onli",
    "singly": "singl", "gently": "gentl", "exceeds": "exceed", "proceeds": "proceed", "succeeds": "succeed",
} | {word: word for word in (
    "news sky atlas bias andes inning evening outing canning proceed exceed succeed".split()
)}  # fmt: skip


def stem(word: str) -> str:
    """The English stem of a folded word (Porter's second algorithm); a word of other letters comes back as it is.

    Own, because importing snowballstemmer costs 43 ms at every start and its version would be part of the index.
    """
    if len(word) < 3 or len(word) > _MAX_CACHED or not (word.isascii() and word.isalpha()):
        return word
    if word in _ODD:
        return _ODD[word]
    word = re.sub("(^|[aeiouy])y", r"\1Y", word)
    found = _R1.search(word)
    r1 = found.end() if found else len(word)
    found = _R2.search(word, r1)
    r2 = found.end() if found else len(word)
    word = _endings(_plural(word), r1)
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in "aeiouy":
        word = word[:-1] + "i"
    return _suffixes(word, r1, r2).lower()


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _VOWEL.search(word, 0, len(word) - 2):
        return word[:-1]
    return word


def _endings(word: str, r1: int) -> str:
    for ending in ("eedly", "ingly", "edly", "eed", "ing", "ed"):
        if word.endswith(ending):
            base = word[: -len(ending)]
            if ending.startswith("eed"):
                return base + "ee" if len(base) >= r1 else word
            if not _VOWEL.search(base):
                return word
            if base.endswith(("at", "bl", "iz")):
                return base + "e"
            if base[-2:-1] == base[-1:] and base[-1] in "bdfgmnprt":
                return base[:-1] if len(base) > 3 or base[0] not in "aeo" else base
            return base + "e" if r1 >= len(base) and _SHORT.match(base) else base
    return word


def _suffixes(word: str, r1: int, r2: int) -> str:
    for suffix, new in _STEP2:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            before = word[at - 1 : at]
            if (
                at >= r1
                and not (suffix == "ogi" and before != "l")
                and not (suffix == "li" and before not in "cdeghkmnrt")
            ):
                word = word[:at] + new
            break
    for suffix, new in _STEP3:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            if at >= (r2 if suffix == "ative" else r1):
                word = word[:at] + new
            break
    for suffix in _STEP4:
        if word.endswith(suffix):
            at = len(word) - len(suffix)
            if at >= r2 and (suffix != "ion" or word[at - 1] in "st"):
                word = word[:at]
            break
    if word.endswith("e"):
        at = len(word) - 1
        return word[:-1] if at >= r2 or (at >= r1 and not _SHORT.match(word[:-1])) else word
    return word[:-1] if word.endswith("ll") and len(word) > r2 else word
