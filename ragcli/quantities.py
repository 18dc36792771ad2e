"""Numbers in text with their units, however they are written: "1.2 million" is 1200000, "three dozen" is 36."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from ragcli.record import record

LONGEST: Final = 24
"""Digits of the longest number that is scaled or rounded; a longer one is a code."""
MOST_SCALES: Final = 2
"""Words of magnitude that one number has ("two hundred thousand million" is a joke)."""

_TOKEN: Final = re.compile(
    r"(?P<digits>(?<![^\W_])\d+(?:[.,'’\u00a0\u202f]\d+)*)|(?P<word>[^\W\d_]+)|(?P<sign>[$€£¥%‰°~≈])"
)
_GAP: Final = frozenset(("", " ", "-", "\u00a0", "\u202f", "\n"))
_SMALL: Final = {
    word: value
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen",
        "_ eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez _ doce",
        "zéro une deux trois quatre cinq six sept huit neuf dix onze douze",
    )
    for value, word in enumerate(words.split())
    if word != "_"
}
_TENS: Final = {
    word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES: Final = {
    word: Decimal(value)
    for value, words in (
        (12, "dozen dozens Dutzend docena douzaine"),
        (100, "hundred hundert cien ciento"),
        (1000, "thousand tausend mil mille"),
        (10_000, "万 萬 만"),
        (10**5, "lakh lakhs"),
        (10**6, "million millions mio millionen millón millones milhão milhões milioni"),
        (10**7, "crore crores"),
        (10**8, "亿 億 억"),
        (10**9, "billion billions bn milliarde milliarden mrd milliard milliards miliardi"),
        (10**12, "trillion trillions tn"),
    )
    for word in words.casefold().split()
}  # fmt: skip
_SHORT: Final = {"k": Decimal(1000), "m": Decimal(10**6), "b": Decimal(10**9)}
"""After an amount of money: "$5m"; elsewhere "5 m" are metres."""
_MONEY: Final = frozenset("$€£¥")
_SYMBOLS: Final = frozenset(
    (
        "% ‰ ° $ € £ ¥ mm cm dm m km ft yd mi mg g kg t lb oz ml cl l s ms min h Hz kHz MHz GHz W kW MW"
        " GW V kV A Pa kPa hPa bar K J kJ eV KB kB MB GB TB"
    ).split()
)
_UNIT_WORDS: Final = {
    word: unit
    for unit, words in (
        ("%", "percent pct prozent procent percentage"),
        ("mm", "millimetre millimetres millimeter millimeters"),
        ("cm", "centimetre centimetres centimeter centimeters zentimeter"),
        ("m", "metre metres meter meters mètre mètres metro metros"),
        ("km", "kilometre kilometres kilometer kilometers kilomètres kilómetros"),
        ("ft", "foot feet"), ("mi", "mile miles"),
        ("mg", "milligram milligrams milligramm"), ("g", "gram grams gramm"),
        ("kg", "kilogram kilograms kilo kilos kilogramm"), ("t", "tonne tonnes tonnen"), ("lb", "lbs"),
        ("l", "litre litres liter liters"), ("ms", "millisecond milliseconds"), ("s", "second seconds sekunden"),
        ("min", "minute minutes minuten minutos"), ("h", "hour hours stunden heures horas"),
        ("d", "day days tage jours días"), ("wk", "week weeks wochen semaines semanas"),
        ("mo", "month months monate mois meses"), ("y", "year years yr yrs jahre ans años"),
        ("$", "dollar dollars usd"), ("€", "euro euros eur"), ("£", "gbp"), ("¥", "yen jpy"),
    )
    for word in words.split()
}  # fmt: skip
_CENT: Final = frozenset(("per", "pour", "por"))
_ABOUT: Final = frozenset(
    (
        "about around approximately roughly nearly almost some over ca circa etwa rund fast ungefähr knapp environ"
        " alrededor casi cerca ~ ≈ than"
    ).split()
)


@record
class Quantity:
    """A number at `text[start:end]`, its unit included: the values that its digits may mean ("1.234" is two), the
    unit in one spelling, "" where it has no known one, and whether it is said to be a rough one."""

    start: int
    end: int
    values: frozenset[Decimal]
    unit: str = ""
    rough: bool = False


def find(text: str) -> list[Quantity]:
    """The numbers of a text in order, small ones in words too. Linear."""
    tokens = [(match.lastgroup or "", match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    found: list[Quantity] = []
    at = 0
    free = 0  # the first token that belongs to no number yet
    while at < len(tokens):
        kind, word = tokens[at][:2]
        values, after = (_readings(word), at + 1) if kind == "digits" else _spelled(text, tokens, at)
        if not values:
            at += 1
            continue
        money = at > free and tokens[at - 1][1] in _MONEY and _joined(text, tokens, at)
        values, after = _scaled(text, tokens, after, values, short=money)
        unit, after = (tokens[at - 1][1], after) if money else _unit(text, tokens, after)
        rough = any(word.casefold() in _ABOUT for _, word, _, _ in tokens[max(0, at - 1 - money) : at])
        found.append(Quantity(tokens[at - money][2], tokens[after - 1][3], values, unit, rough))
        at = free = after
    return found


def same(claimed: Quantity, stated: Quantity) -> bool:
    """Whether two numbers may be one: a common value, to as many digits as a rough claim has, and no other unit."""
    if claimed.unit and stated.unit and claimed.unit != stated.unit:
        return False
    if claimed.values & stated.values:
        return True
    return claimed.rough and any(_rounds(one, other) for one in claimed.values for other in stated.values)


_Token = tuple[str, str, int, int]


def _joined(text: str, tokens: Sequence[_Token], at: int) -> bool:
    """Whether at most one blank or hyphen stands before a token."""
    return 0 < at < len(tokens) and text[tokens[at - 1][3] : tokens[at][2]] in _GAP


def _spelled(text: str, tokens: Sequence[_Token], at: int) -> tuple[frozenset[Decimal], int]:
    """The number that words from `at` on spell, and the token after it: "twenty-five", "a dozen", "half a million"."""
    total, part, first = 0, 0, at
    while at < len(tokens) and (at == first or _joined(text, tokens, at)):
        word = tokens[at][1].casefold()
        if word in _TENS and part % 100 == 0:
            part += _TENS[word]
        elif word in _SMALL and (part % 100 == 0 or (part % 10 == 0 and part % 100 >= 20 and _SMALL[word] < 10)):
            part += _SMALL[word]
        elif word == "hundred" and 0 < part < 10:
            part *= 100
        elif word == "and" and part and part % 100 == 0 and _joined(text, tokens, at + 1):
            following = tokens[at + 1][1].casefold()
            if following not in _SMALL and following not in _TENS:
                break
        else:
            break
        at += 1
    if at > first:
        return frozenset((Decimal(total + part),)), at
    factor = {"half": Decimal("0.5"), "a": Decimal(1), "an": Decimal(1)}.get(tokens[at][1].casefold())
    if factor is None:
        return frozenset(), at
    after = at + 1
    if factor < 1 and _joined(text, tokens, after) and tokens[after][1].casefold() in ("a", "an"):
        after += 1
    scaled = _joined(text, tokens, after) and tokens[after][1].casefold() in _SCALES
    return (frozenset((factor,)), after) if scaled else (frozenset(), at)


def _scaled(
    text: str, tokens: Sequence[_Token], at: int, values: frozenset[Decimal], *, short: bool
) -> tuple[frozenset[Decimal], int]:
    """The values by the words of magnitude that follow, and the token after those."""
    for _ in range(MOST_SCALES):
        if not _joined(text, tokens, at):
            break
        word = tokens[at][1].casefold()
        scale = _SCALES.get(word) or (_SHORT.get(word) if short else None)
        if scale is None and word[0] in _SCALES and not word.isascii():  # 120万人
            return frozenset(value * _SCALES[word[0]] for value in values), at + 1
        if scale is None:
            if word == "k" and text[tokens[at - 1][3] : tokens[at][2]] == "":
                scale = _SHORT["k"]
            else:
                break
        values, short, at = frozenset(value * scale for value in values), False, at + 1
    return values, at


def _unit(text: str, tokens: Sequence[_Token], at: int) -> tuple[str, int]:
    """The unit that begins at a token, "" if none does, and the token after it."""
    if not _joined(text, tokens, at):
        return "", at
    word = tokens[at][1]
    if word == "°" and _joined(text, tokens, at + 1) and tokens[at + 1][1] in ("C", "F"):
        return word + tokens[at + 1][1], at + 2
    if word in _SYMBOLS:
        return word, at + 1
    folded = word.casefold()
    if folded in _CENT and _joined(text, tokens, at + 1) and tokens[at + 1][1].casefold() in ("cent", "ciento"):
        return "%", at + 2
    unit = _UNIT_WORDS.get(folded, "")
    return unit, at + 1 if unit else at


def _readings(digits: str) -> frozenset[Decimal]:
    """The values that digits with separators may mean: "1,234" is 1234 and 1.234."""
    plain = "".join(str(unicodedata.digit(letter)) if letter.isdigit() else letter for letter in digits)
    groups = re.split(r"\D", plain)
    readings = {"".join(groups)} if all(len(group) == 3 for group in groups[1:]) else set()
    if len(groups) > 1:
        readings.add("".join(groups[:-1]) + "." + groups[-1])
    return frozenset(Decimal(reading) for reading in readings)


def _rounds(claimed: Decimal, stated: Decimal) -> bool:
    """Whether `stated` is `claimed` at as many digits as that has, two at least."""
    digits = max(2, len(claimed.normalize().as_tuple().digits))
    if digits > LONGEST or len(stated.as_tuple().digits) > LONGEST:
        return False
    return Context(prec=digits).create_decimal(stated) == claimed
