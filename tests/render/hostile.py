"""Payloads that must reach a terminal inert."""

from __future__ import annotations

import re

PAYLOADS = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x9b31m",
    "\x9d0;t\x9c",
    "\x90q\x9c",
    "\x1bPq\x1b\\ \x1b_x\x1b\\ \x1b^y\x1b\\",
    "\x1b[6n\x1b[21t",
    "\u202eevil\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "\U000e0041\U000e007f",
    "[red]x[/red] [/co] [link=http://evil]y[/link] [@click=boom]z[/]",
    ":smiley: :bomb:",
    "\x1b]unterminated",
    "a\x00b\x7fc\rd\x0be\x0cf\x08g\x07h",
    "a\u2028b\u2029c\x85d",
    "a\udcff\udcfe.txt \ud800",
    "two\nlines\r\nthree",
    "%s {0} {task.fields} %n",
)

# what a terminal could act on; ours are SGR and OSC 8 with a file:// target
OURS = re.compile(r"\x1b\[[0-9]+m|\x1b\]8;;(?:file://[A-Za-z0-9%/._~-]*)?\x1b\\")
ACTING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\U000e0000-\U000e007f]"
)


def acting(output: str) -> list[str]:
    """The characters of a painted output that could act on a terminal and are not ours."""
    return ACTING.findall(OURS.sub("", output))
