"""What in free text might become markup: a tag, the end token, the header that ends an answer.

A guard is the `<` that is pending and the letters behind it; one that ends with ":" or ">" is whole.
"""

from __future__ import annotations

from typing import Final

from ragcli.citations import END_TOKEN

_GLUE: Final = frozenset(".!?…。！？।)]")
_LOOSE: Final = "≺"
"""Stands for the `<` of a guard that cannot be a tag of ours: blanks follow it, or another `<` comes before."""


def guarded(guard: str, char: str) -> str:
    """The guard after one more character; "" where nothing is pending."""
    if char == "<":
        return _LOOSE if guard else "<"
    if not guard:
        return ""
    tail = guard[1:]
    if tail[:1] == "|" or (char == "|" and not tail):
        token = f"<{tail}{char}"
        return token if END_TOKEN.startswith(token) else ""
    if char.isspace():
        return _LOOSE + tail if tail in ("", "/", "co", "/co") else ""
    if tail + char in ("/", "c", "/c", "co", "/co") or (tail in ("co", "/co") and char in ":>"):
        return guard + char
    return ""


def forbidden(guard: str) -> bool:
    """Whether the guard is a whole tag or end token."""
    return guard[-1:] in (":", ">")


def unfinished(guard: str) -> bool:
    """`<co`: the parser would take it, at the end of a text, for a tag that was cut off."""
    return guard[1:] in ("co", "/co")


def watched(before: str, char: str) -> str:
    """What makes a header of `Grounded answer:` if that came next: a line's beginning, up to 8 blanks, or glue."""
    if char == "\n":
        return "\n"
    if char in " \t" and before[:1] == "\n" and len(before) <= 8:
        return before + " "
    return "." if char.isalnum() or char in _GLUE else ""
