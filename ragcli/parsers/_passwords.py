"""The passwords that a parser may try on an encrypted file; set for each job by the parsing child."""

from __future__ import annotations

known: tuple[str, ...] = ()
"""Those that the user gave; never written anywhere, never part of a message."""


def tried() -> tuple[str, ...]:
    """What to try, in order: the empty one opens files that only limit printing and copying."""
    return ("", *known)


def refusal() -> str:
    """Why an encrypted file stays closed."""
    if known:
        return "password-protected, and no given password opens it"
    return "password-protected (--password-file FILE names a file of passwords)"
