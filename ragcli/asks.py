"""What kind of answer a question asks for, and whether a text has that kind: when, how many, who, where, why."""

from __future__ import annotations

import re
from typing import Final

from ragcli.record import record

# Who asks for what, by the question's words: English, German, Spanish, French, Russian, Chinese.
_ASKS: Final = {
    "when": r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century)|\bwann\b|\bwelche[ms]? (?:jahr|tag|monat)"
    r"|\bcuándo\b|\bqué año|\bquand\b|\bquelle (?:année|date)|\bкогда\b|\bкаком году|何时|什么时候|哪一?年",
    "count": r"\bhow (?:many|much|long|far|old|tall|high|deep|large|big|fast|often|heavy|wide)\b"
    r"|\bwhat (?:percent|number|share)"
    r"|\bwie ?(?:viele?n?|lange?|weit|alt|groß|hoch|tief|schnell|oft|schwer|breit)\b|\bcuánt[oa]s?\b|\bcombien\b"
    r"|\bсколько\b|多少|几个|多[长高大远深]",
    "who": r"\bwho(?:m|se)?\b|\bwe[rmn]\b|\bwessen\b|\bqui[eé]n(?:es)?\b|\bкто\b|\bкого\b|谁",
    "where": r"\bwhere\b|\b(?:what|which) (?:country|city|place|state)\b|\bwo(?:her|hin)?\b|\bdónde\b|\bгде\b"
    r"|\bоткуда\b|哪里|何处|在哪",
    "why": r"\bwhy\b|\bwhat causes?d?\b|\bwarum\b|\bweshalb\b|\bwieso\b|\bpor qué\b|\bpourquoi\b|\bпочему\b"
    r"|为什么|为何",
}
_ASKS_FOR: Final = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKS.items()}
_NUMBER_WORD: Final = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|half|twice|once"
    r"|eine?[nrms]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend|Million(?:en)?|dos|tres|cuatro"
    r"|cinco|seis|siete|ocho|nueve|diez|deux|trois|quatre|cinq|два|три|четыре|пять|шесть|семь|восемь|девять|десять)\b"
)
# strings, which `re` compiles and keeps at their first use: few questions ask for more than one kind
_GIVES: Final = {
    "when": (
        r"(?i)\d{3,4}|\d{1,2}[./]\d{1,2}|\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\b|centur|jahrhundert"
        r"|siglo|siècle|век|世纪|年|月|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:spring|summer|autumn|winter)\b"
    ),
    "count": r"(?i)\d|[一二三四五六七八九十百千万两]|" + _NUMBER_WORD,
    "where": (
        r"(?:\b(?:in|at|near|from|to|on|of|en|à|im|am|aus|bei|nach|в|на|из)|,) (?:the |der |la |el |den )?"
        r"[^\W\d_a-zа-я]|[在于]"
    ),
    "why": (
        r"(?i)\b(?:because|since|due|therefore|thus|caus|result|reason|so that|in order|weil|denn|daher|deshalb|damit"
        r"|wegen|porque|debido|pues|por|car|parce|из-за|потому|так как)|因为|由于|因此|所以"
    ),
}
_NAME: Final = re.compile(
    r"(?<=[\w,;:)] )[^\W\d_a-zа-яα-ω]\w*(?:['’.-]\w+)*|[\u3040-\u9fff\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f]"
)


@record
class Asked:
    """The kinds of answer asked for, none if unknown, and the question's own words, casefolded."""

    kinds: tuple[str, ...]
    words: frozenset[str]


def read(question: str) -> Asked:
    """By the question's words."""
    kinds = tuple(kind for kind, pattern in _ASKS_FOR.items() if pattern.search(question))
    return Asked(kinds, frozenset(word.casefold() for word in re.findall(r"\w+", question)))


def answers(asked: Asked, text: str) -> int:
    """1 when `text` has what is asked for, -1 when it lacks it, 0 when nothing is known."""
    if not asked.kinds:
        return 0
    return 1 if any(_gives(kind, asked, text) for kind in asked.kinds) else -1


def _gives(kind: str, asked: Asked, text: str) -> bool:
    if kind == "who":
        return any(name.casefold() not in asked.words for name in _NAME.findall(text))
    return bool(re.search(_GIVES[kind], text))
