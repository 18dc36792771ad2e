"""Where source code declares classes and functions: Python by its own grammar, the rest by the look of their lines."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ragcli.parsers._lines import Line

_GRAMMAR_CHARS: Final = 2_000_000
_LINE_CHARS: Final = 400
_SIGNATURE_LINES: Final = 30
_COMMENT_LINES: Final = 80

_BEFORE: Final = (
    r"(?:(?:export|default|public|private|protected|internal|fileprivate|static|final|abstract|async|unsafe|const"
    r"|extern(?:\s+\"C\")?|override|open|data|sealed|partial|virtual|inline|suspend|local|declare|mutating|case"
    r"|implicit|readonly|pub(?:\([^()]{1,40}\))?|@\w{1,40}(?:\([^()]{0,80}\))?|CREATE(?:\s+OR\s+REPLACE)?|TEMP(?:ORARY)?)"
    r"\s+)*+"
)
_HOLDERS: Final = (
    "class struct enum interface trait impl union namespace module mod object protocol extension record defmodule"
    " service message contract".split()
)
_KEYWORDS: Final = (
    "def defp fn func fun function sub type macro_rules! procedure table view trigger FUNCTION PROCEDURE TABLE VIEW"
    " TRIGGER".split()
)
_DECLARED: Final = re.compile(
    rf"{_BEFORE}(?P<word>{'|'.join(map(re.escape, (*_HOLDERS, *_KEYWORDS)))})(?:\s*\*)?(?:<[^<>]{{1,80}}>)?\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+|(?:class|struct)\s+)?(?:\((?P<receiver>[^()]{1,80})\)\s*)?"
    r"(?P<name>[\w$][\w$.:]*[?!]?)(?=[\s({<:;\[=,]|$)"
)
_IMPLEMENTS: Final = re.compile(r"impl\b[^{]{0,200}?\bfor\s+(?P<name>[\w:]+)")
_ASSIGNED: Final = re.compile(
    rf"{_BEFORE}(?:(?:const|let|var|my)\s+)?(?P<name>[\w$.]+)\s*(?:=|<-|:)\s*"
    r"(?:async\s+)?(?:function\b|\([^()]{0,200}\)\s*(?::[^={]{1,60})?=>|[\w$]+\s*=>)"
)
_SHELL: Final = re.compile(r"(?P<name>[\w:.-]+)\s*\(\s*\)\s*[{(]?$")
# A type or modifiers, a name, parentheses: a method, or a function of the C family.
_METHOD: Final = re.compile(
    r"(?P<type>(?:[\w:<>,.*&\[\]?@]+\s+)*)[*&]*(?P<name>~?[\w$]+(?:::~?[\w$]+)*)\s*(?:<[^<>]{1,80}>)?\((?![\"'`])"
)
_NO_METHOD: Final = re.compile(
    r"\b(?:if|for|foreach|while|switch|catch|return|else|new|throw|do|case|await|yield|synchronized|using|lock|fixed"
    r"|typeof|sizeof|assert|delete|goto|import|package|function|unless|elif|when|match|with|defined)\b"
)
_OPENED: Final = re.compile(r"\)[^;=(){}]*(?::[^;{}]*)?\{(?:[^{}]*\})?$")
_COMMENT: Final = ("//", "/*", "*", "#", "--", "@", "[", ";;")

BRACED: Final = frozenset("c cpp csharp java javascript typescript dart groovy php swift objc".split())
"""Languages whose methods need no keyword."""


class Declaration(NamedTuple):
    """Lines from 0: `first` is that of the comment or decorator above, `last` the end of the signature."""

    first: int
    last: int
    depth: int
    name: str


def declarations(text: str, every: Sequence[Line], language: str) -> list[Declaration]:
    """In order, none inside another's signature; what lies inside a function is not listed."""
    if language == "python" and len(text) <= _GRAMMAR_CHARS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes of the file's strings
                return list(_of_python(ast.parse(text).body, every, 0))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return list(_of_lines(every, language))  # another Python's grammar, or no Python
    return list(_of_lines(every, language))


def _of_python(body: Iterable[ast.stmt], every: Sequence[Line], depth: int) -> Iterator[Declaration]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            top = min((decorator.lineno for decorator in node.decorator_list), default=node.lineno) - 1
            inner = node.body[0]
            decorated = getattr(inner, "decorator_list", [])
            opening = min([inner.lineno, *(decorator.lineno for decorator in decorated)]) - 1
            last = max(node.lineno - 1, _without_comments(every, opening) - 1)
            yield Declaration(_above(every, top, ("#",)), last, depth, node.name)
            if isinstance(node, ast.ClassDef):
                yield from _of_python(node.body, every, depth + 1)
        else:
            for part in ("body", "orelse", "handlers", "finalbody"):
                inside = getattr(node, part, [])
                yield from _of_python([child for child in inside if isinstance(child, ast.stmt)], every, depth)


def _without_comments(every: Sequence[Line], at: int) -> int:
    """The line after a signature: blank and comment lines above the first statement belong to the body."""
    while at > 0 and (not every[at - 1].text or every[at - 1].bare.startswith("#")):
        at -= 1
    return at


def _above(every: Sequence[Line], at: int, marks: tuple[str, ...]) -> int:
    """The first of the comment lines right above line `at`."""
    first, indent = at, every[at].indent
    while first > 0 and at - first < _COMMENT_LINES:
        line = every[first - 1]
        if not line.bare.startswith(marks) or abs(line.indent - indent) > 1 or line.bare.startswith("#!"):
            break
        first -= 1
    return first


def _of_lines(every: Sequence[Line], language: str) -> Iterator[Declaration]:
    open_: list[tuple[int, bool]] = []  # indentation, and whether it holds declarations
    in_comment = False
    at = 0
    beyond = 0
    while at < len(every):
        line = every[at]
        bare = line.bare
        at += 1
        if in_comment or not bare or len(bare) > _LINE_CHARS:
            in_comment = in_comment and "*/" not in bare
            continue
        if bare.startswith("/*"):
            in_comment = "*/" not in bare
            continue
        found = _declared(every, at - 1, language)
        if found is None:
            continue
        name, last, is_holder = found
        while open_ and open_[-1][0] >= line.indent:
            open_.pop()
        if open_ and not open_[-1][1]:
            continue
        first = max(_above(every, at - 1, _COMMENT), beyond)
        yield Declaration(first, last, len(open_), name)
        open_.append((line.indent, is_holder))
        at = beyond = last + 1


def _declared(every: Sequence[Line], at: int, language: str) -> tuple[str, int, bool] | None:
    """(name, last line of the signature, whether it holds others) of what line `at` declares."""
    bare = every[at].bare
    match = _DECLARED.match(bare)
    if match:
        word, name = match["word"], match["name"].rstrip(":")
        is_holder = word in _HOLDERS
        if not _is_plausible(bare, match, language):
            return None
        if word == "impl" and (implements := _IMPLEMENTS.match(bare)):
            name = implements["name"]
        if match["receiver"]:
            name = f"{match['receiver'].split()[-1].lstrip('*')}.{name}"
        return name, _end(every, at), is_holder
    match = _ASSIGNED.match(bare)
    if match:
        return match["name"], at, False
    if language == "shell" and (match := _SHELL.match(bare)):
        return match["name"], at, False
    match = _METHOD.match(bare) if language in BRACED else None
    if match and (match["type"] or every[at].indent) and not _NO_METHOD.search(match["type"] + " " + match["name"]):
        last = _end(every, at)
        shown = " ".join(line.bare for line in every[at : last + 1])
        if _OPENED.search(shown) and shown.count("(") == shown.count(")") and "=>" not in shown:
            return match["name"], last, False
    return None


def _is_plausible(bare: str, match: re.Match[str], language: str) -> bool:
    """Whether it is no prose, no forward declaration and no variable: by how the line goes on."""
    word, rest = match["word"], bare[match.end() :].strip()
    if language == "python":
        return word in ("class", "def") and bare.endswith((":", "(", ","))
    if word == "type":
        return rest.startswith(("struct", "interface", "func", "=", "<"))
    if word.lower() in ("table", "view", "procedure", "trigger"):
        return language == "sql"
    if (
        word in ("enum", "struct", "union", "class", "module", "namespace")
        and "{" not in rest
        and rest.endswith((";", ".", ","))
    ):
        return False
    return not rest or rest[0] in "({<:[=;|/#" or rest.endswith(("{", ":", "do", ")", "(")) or language == "ruby"


def _end(every: Sequence[Line], at: int) -> int:
    """The line on which the signature that begins at line `at` ends: parentheses closed, a `{` right below taken in."""
    depth = 0
    for n in range(at, min(at + _SIGNATURE_LINES, len(every))):
        bare = every[n].bare
        depth += bare.count("(") - bare.count(")")
        if depth <= 0:
            follows = n + 1 < len(every) and every[n + 1].bare == "{"
            return n + 1 if follows and not bare.endswith((";", "{", "}")) else n
    return at
