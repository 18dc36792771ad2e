"""Text that was decoded wrongly before it came here ("fÃ¼r", "donâ€™t"): noted, never altered."""

from __future__ import annotations

import re
from typing import Final

_LOOK_CHARS: Final = 2_000_000
_SHOWN: Final = 3

# What the bytes 0x80-0xBF are in cp1252, and in Latin-1.
_CONTINUATION: Final = bytes(range(0x80, 0xC0)).decode("cp1252", "ignore") + "\x80-\xbf"
# Of these, none that may follow a capital in its own right: quotation marks, dashes, no-break space, soft hyphen.
_CERTAIN: Final = "¡-ª¬®-º¼-¿Ÿ€ƒˆ‰Š‹ŒŽ˜™šœž\x80-\x9f"
_LEADS: Final = "\u00c2\u00c3"
_WRONG: Final = re.compile(
    rf"[{_LEADS}][{_CERTAIN}]"
    r"|â(?:€[\x80-\xbf™œ\u201c\u201d\u2018\u2019˜¦¢\"“”–—]|\x80[\x80-\xbf])"
    rf"|(?:[ÐÑ][{_CONTINUATION}]){{3,}}"
    rf"|(?:[ÎÏ][{_CONTINUATION}]){{3,}}"
    rf"|(?:[à-ï][{_CONTINUATION}]{{2}}){{2,}}"
    rf"|ð[Ÿ\x9f][{_CONTINUATION}]{{2}}"
    r"|ï»¿"
)


def note(text: str) -> str:
    """A note with the first such places and how many there are in the first two million characters; "" without any."""
    places = [match.group() for match in _WRONG.finditer(text, 0, _LOOK_CHARS)]
    if not places:
        return ""
    shown = ", ".join(repr(place[:8]) for place in dict.fromkeys(places[:200]) if place.isprintable())
    some = ", ".join(shown.split(", ")[:_SHOWN])
    what = "1 place looks" if len(places) == 1 else f"{len(places)} places look"
    return f"{what} as if decoded wrongly once" + (f" ({some})" if some else "")
