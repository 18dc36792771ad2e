"""A cell's number and format -> what a person sees in the cell."""

from __future__ import annotations

import functools
import math
import re
from datetime import date, datetime, time, timedelta
from typing import Final

_BUILTIN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "hh:mm",
    21: "hh:mm:ss", 22: "yyyy-mm-dd hh:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss", 48: "0.0E+0",
}  # fmt: skip
# ECMA-376 18.8.30; 14 and 22 are the reader's own date form there, the unambiguous one here.
_TOKEN: Final = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[(h+|m+|s+)\]|\[[^\]]*\]'
    r"|(am/pm|a/p)|(y+|m+|d+|h+|s+(?:\.0+)?)|([#0?][#0?,.]*|\.[0#?]+)|(e[+-]0+)|(%)|(general)|(.)",
    re.I | re.S,
)
_MONTHS: Final = tuple("January February March April May June July August September October November December".split())
_DAYS: Final = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
_LAST_DAY: Final = 2_958_466  # 9999-12-31 and a day
_FORMAT_CHARS: Final = 255
_MOST_PLACES: Final = 30


def shown(number: float, code: str, *, since_1904: bool = False) -> str:
    """`number` by a format code; plain where the code says nothing that is understood."""
    if not math.isfinite(number):
        return ""
    sections = _sections(code)
    at = 0
    if len(sections) > 1 and number < 0:
        at = 1
    elif len(sections) > 2 and number == 0:
        at = 2
    tokens = sections[at]
    if any(kind in ("date", "elapsed") for kind, _ in tokens):
        return _moment(number, tokens, since_1904) or general(number)
    places = [value for kind, value in tokens if kind == "digits"]
    if not places:
        plain = any(kind == "general" for kind, _ in tokens) or not tokens
        return general(number) if plain or at == 0 else _literal(tokens)
    sign = "-" if number < 0 and at == 0 else ""
    return sign + _number(abs(number), tokens)


def code_of(number_format: int, custom: dict[int, str]) -> str:
    """The format code of a numFmtId; "" is General."""
    return custom.get(number_format, _BUILTIN.get(number_format, ""))[:_FORMAT_CHARS]


def general(number: float) -> str:
    """As a cell without a format shows it: no more digits than are meant; "" for no number."""
    if not math.isfinite(number):
        return ""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.12g}"


@functools.lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Tokens (kind, value) of each section."""
    sections: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(code):
        quoted, escaped, currency, elapsed, half, part, digits, power, percent, is_general, other = match.groups()
        if other == ";":
            sections.append([])
        elif elapsed or half or part:
            sections[-1].append(
                ("elapsed" if elapsed else "half" if half else "date", (elapsed or half or part).lower())
            )
        elif digits:
            sections[-1].append(("digits", digits))
        elif power or percent or is_general:
            sections[-1].append(("power" if power else "percent" if percent else "general", power or percent or ""))
        else:
            literal = quoted or escaped or currency or other or ""
            if literal and literal != "@":
                sections[-1].append(("literal", literal))
    return tuple(tuple(section) for section in sections)


def _literal(tokens: tuple[tuple[str, str], ...]) -> str:
    return "".join(value for kind, value in tokens if kind == "literal").strip()


def _number(number: float, tokens: tuple[tuple[str, str], ...]) -> str:
    kinds = [kind for kind, _ in tokens]
    digits = [value for kind, value in tokens if kind == "digits"]
    if "percent" in kinds:
        number *= 100
    if len(digits) > 1 or ("literal", "/") in tokens:  # fractions, telephone numbers
        return general(number) + ("%" if "percent" in kinds else "")
    form = digits[0]
    whole, _, decimals = form.rstrip(",").partition(".")
    number /= 1000 ** (len(form) - len(form.rstrip(",")))
    least, most = min(decimals.count("0"), _MOST_PLACES), min(len(decimals), _MOST_PLACES)
    if "power" in kinds:
        written = f"{number:.{most}E}"
    else:
        written = f"{number:{',' if ',' in whole else ''}.{most}f}"
        while most > least and written.endswith("0"):
            written, most = written[:-1], most - 1
        written = written.rstrip(".").rjust(min(whole.count("0"), _MOST_PLACES) if not most else 0, "0")
    parts = []
    for kind, value in tokens:
        parts.append(written if kind == "digits" else value if kind in ("literal", "percent") else "")
    return "".join(parts).strip()


def _moment(number: float, tokens: tuple[tuple[str, str], ...], since_1904: bool) -> str:
    """A date, a time or a duration; "" for what is none."""
    if not 0 <= number < _LAST_DAY:
        return ""
    seconds = round(number * 86400, 3)
    first = datetime(1899, 12, 30) if number >= 60 else datetime(1899, 12, 31)  # its 1900 has a 29 February
    when = datetime(1904, 1, 1) if since_1904 else first
    try:
        when += timedelta(seconds=seconds)
    except OverflowError:
        return ""
    if not any(kind == "date" and value.startswith("s") and "." in value for kind, value in tokens):
        when = (when + timedelta(milliseconds=500)).replace(microsecond=0)
    half = any(kind == "half" for kind, _ in tokens)
    parts: list[str] = []
    near_time = False
    for at, (kind, value) in enumerate(tokens):
        if kind == "elapsed":
            total = int(seconds + 0.5) // {"h": 3600, "m": 60, "s": 1}[value[0]]
            parts.append(str(total).rjust(len(value), "0"))
        elif kind == "half":
            parts.append("AM" if when.hour < 12 else "PM")
        elif kind == "date":
            following = next((v for k, v in tokens[at + 1 :] if k == "date"), "")
            is_minute = value[0] == "m" and len(value) < 3 and (near_time or following.startswith("s"))
            parts.append(_unit(when, "n" + value[1:] if is_minute else value, half=half))
        elif kind == "literal":
            parts.append(value)
        if kind in ("date", "elapsed"):
            near_time = value[0] == "h"
    return "".join(parts).strip()


def _unit(when: datetime, unit: str, *, half: bool) -> str:
    """One unit of a date format; minutes are "n" here, since "m" is the month."""
    width = len(unit)
    if unit[0] == "y":
        return f"{when.year:04}" if width > 2 else f"{when.year % 100:02}"
    if unit[0] == "m":
        name = _MONTHS[when.month - 1]
        return (
            str(when.month).rjust(width, "0")
            if width < 3
            else name[:3]
            if width == 3
            else name[: 1 if width == 5 else None]
        )
    if unit[0] == "d":
        name = _DAYS[when.weekday()]
        return str(when.day).rjust(width, "0") if width < 3 else name[:3] if width == 3 else name
    if unit[0] == "h":
        return str((when.hour - 1) % 12 + 1 if half else when.hour).rjust(width, "0")
    if unit[0] == "n":
        return str(when.minute).rjust(width, "0")
    return f"{when.second:02}" + (
        f".{when.microsecond // 1000:03}"[: len(unit.partition(".")[2]) + 1] if "." in unit else ""
    )


def iso(stated: str) -> str:
    """A date that the file states as text (ISO 8601), without a midnight that nobody meant."""
    try:
        when = datetime.fromisoformat(stated)
    except ValueError:
        return stated
    return str(date.isoformat(when.date())) if when.time() == time() else when.isoformat(" ")
