"""English word -> its stem, by Porter's second algorithm (snowballstem.org, "english", release 3.1).

Own, because importing snowballstemmer costs 43 ms at every start and its version would be part of the index.
"""

from __future__ import annotations

import re
from typing import Final

MAX_LENGTH: Final = 40
"""Characters of the longest word that is stemmed."""

_VOWEL: Final = re.compile("[aeiouy]")
_R1: Final = re.compile("^(?:gener|commun|arsen|past|univers|later|emerg|organ|inter)|[aeiouy][^aeiouy]")
_R2: Final = re.compile("[aeiouy][^aeiouy]")
_SHORT: Final = re.compile("(?:^[aeiouy][^aeiouy]|.*[^aeiouy][aeiouy][^aeiouywxY]|.*past)$")
_DYING: Final = re.compile("[^aeiouy]y")
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
    "skis": "ski", "skies": "sky", "idly": "idl", "gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli",
    "singly": "singl",
} | {word: word for word in "sky news howe atlas cosmos bias andes".split()}  # fmt: skip
_NO_EED: Final = ("succ", "proc", "exc")
_NO_ING: Final = ("even", "cann", "inn", "earr", "herr", "out")


def stem(word: str) -> str:
    """The English stem of a folded word (Porter's second algorithm); a word of other letters comes back as it is."""
    if len(word) < 3 or len(word) > MAX_LENGTH or not (word.isascii() and word.isalpha()):
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
                return base + "ee" if len(base) >= r1 and base not in _NO_EED else word
            if ending == "ing" and base in _NO_ING:
                return word
            if ending == "ing" and _DYING.fullmatch(base):
                return base[0] + "ie"
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
