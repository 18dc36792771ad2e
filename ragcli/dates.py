"""Dates in text, however they are written -> terms of one form: 1 July 2025 and 2025-07-01 are the same day."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from ragcli.record import record

# January to December; an accent and a final dot are dropped before a word is looked up
_NAMES: Final = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber maerz apr mai jun jul aug sept okt nov dez",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель маи июнь июль август сентябрь октябрь ноябрь декабрь",
    "ιανουαριου φεβρουαριου μαρτιου απριλιου μαιου ιουνιου ιουλιου αυγουστου σεπτεμβριου οκτωβριου νοεμβριου"
    " δεκεμβριου",
)
_MONTHS: Final = {name: number for names in _NAMES for number, name in enumerate(names.split(), 1)}

_WORD: Final = r"[^\W\d_]{3,12}"
_OF: Final = r"(?:de |of |d['’])?"
_YEAR: Final = r"(?P<year>1\d{3}|20\d\d)"
_DATE: Final = re.compile(
    rf"(?<![\d.,/:-])(?:{_YEAR}(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?)"  # 2025-07-01
    r"|(?P<day1>\d\d?)(?P<sign1>[./])(?P<month1>\d\d?)(?P=sign1)(?P<year1>1\d{3}|20\d\d)"  # 01.07.2025, 7/1/2025
    r"|(?P<year2>1\d{3}|20\d\d)年(?P<month2>\d\d?)月(?P<day2>\d\d?)日"
    rf"|(?P<day3>\d\d?)(?:st|nd|rd|th|er|[.ºª])? {_OF}(?P<name3>{_WORD})\b\.?(?:,? {_OF}(?P<year3>1\d{{3}}|20\d\d)\b)?"
    r")(?!\d|\.\d)"
    rf"|\b(?P<name4>{_WORD})\.? (?:(?P<day4>\d\d?)(?:st|nd|rd|th)?\b(?![.:]\d)(?:,? (?P<year4>1\d{{3}}|20\d\d)\b)?"
    rf"|{_OF}(?P<year5>1\d{{3}}|20\d\d)\b)"
)
_SPACES: Final = re.compile(r"\s+")


@record
class Date:
    """A date at `text[start:end]`. `terms` go from the widest to the narrowest: year, month of the year, day of
    the month; those that the text does not say are missing."""

    start: int
    end: int
    terms: tuple[str, ...]


def find(text: str) -> Iterator[Date]:
    """The dates of a text in order. A day needs its month; a month alone needs its year."""
    plain = _SPACES.sub(lambda match: " " * len(match.group()), text) if "\n" in text or "\t" in text else text
    at = 0
    while match := _DATE.search(plain, at):
        terms = _terms({name: value for name, value in match.groupdict().items() if value})
        if terms:
            yield Date(match.start(), match.end(), terms)
            at = match.end()
        else:
            at = match.start() + 1 if match["name4"] is None else match.end("name4")


def _terms(found: dict[str, str]) -> tuple[str, ...]:
    part = {name.rstrip("12345"): value for name, value in found.items()}
    year = part.get("year", "")
    month = _MONTHS.get(_bare(part["name"]), 0) if "name" in part else int(part["month"])
    day = int(part.get("day", 0))
    if "day1" in found and month > 12 and found["sign1"] == "/":
        month, day = day, month
    if not 1 <= month <= 12 or day > 31 or (not day and "day" in part):
        return ()
    terms = [year, f"_{year}{month:02}"] if year else []
    return (*terms, *((f"_{month:02}{day:02}",) if day else ()))


def _bare(word: str) -> str:
    """Without case and accents."""
    if word.isascii():
        return word.lower()
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")
