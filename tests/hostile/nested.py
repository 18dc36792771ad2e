"""Texts that nest, repeat or never close: JSON, HTML, Markdown, reStructuredText, notebooks, mails, tables, code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final


def _deep(opening: str, closing: str, depth: int, inside: str = "lamp") -> bytes:
    return (opening * depth + inside + closing * depth).encode()


def _notebook(cell: Mapping[str, object], count: int = 1) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell] * count}).encode()


def _output(text: str) -> bytes:
    output = {"output_type": "stream", "name": "stdout", "text": [text]}
    return _notebook({"cell_type": "code", "metadata": {}, "source": ["1"], "outputs": [output], "execution_count": 1})


def _headings(depth: int) -> str:
    """Sections of reStructuredText, each under a mark of its own as far as there are marks."""
    marks = "=-~^\"'`#*+.:_,<>?@!$%&()[]{}|/\\;"
    return "".join(f"lamp\n{marks[n % len(marks)] * 4}\n\n" for n in range(depth))


def _mail(depth: int) -> bytes:
    """Messages attached to messages."""
    raw = "Subject: the innermost\n\nThe lamp.\n"
    for level in range(depth):
        raw = (
            f'Subject: level {level}\nContent-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n\nThe lamp.\n'
            f"--b{level}\nContent-Type: message/rfc822\n\n{raw}\n--b{level}--\n"
        )
    return raw.encode()


BOMBS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType({
    "O11-divisions.html": lambda: b"<html>" + b"<div>" * 100_000 + b"lamp",
    "O11-unclosed-bold.html": lambda: b"<html>" + b"<p><b>lamp" * 2_000,
    "O11-attributes.html": lambda: b"<html><p " + b" ".join(b"a%d=b" % n for n in range(300_000)) + b">lamp",
    "O11-tables.html": lambda: b"<html>" + b"<table><tr><td>" * 20_000 + b"lamp",
    "O11-spans.html": lambda: b"<html><table>" + b'<tr><td rowspan="65534" colspan="1000">lamp</td></tr>' * 3_000,
    "O11-lists.html": lambda: b"<html>" + b"<ul><li>" * 50_000 + b"lamp",
    "O11-formatting-elements.html": lambda: (
        b"<html>" + b"".join(b"<font a%d>" % n for n in range(3_000)) + b"<p>x" * 3_000),
    "O12-links.html": lambda: b"<html>" + b"<a " * 1_600_000,
    "O12-ends.html": lambda: b"<html>" + b"</ " * 1_600_000,
    "O12-sections.html": lambda: b"<html>" + b"<![" * 1_600_000,
    "O12-ampersands.html": lambda: b"<html>" + b"&" * 4_800_000,
    "O12-comment.html": lambda: b"<html>lamp<!--" + b"-" * 4_800_000,
    "O12-scripts.html": lambda: b"<html>" + b"<script><!--" * 400_000,
    "O15-data-uri.html": lambda: b'<html><p>lamp<img src="data:image/png;base64,' + b"A" * 40_000_000 + b'">',
    "O17-quotes.md": lambda: _deep("> ", "", 10_000),
    "O17-lists.md": lambda: "".join(f"{' ' * n}- lamp\n" for n in range(0, 2_000, 2)).encode(),
    "O17-emphasis.md": lambda: b"*_" * 500_000,
    "O17-emphasis-words.md": lambda: b"*a **b " * 100_000,
    "O17-brackets.md": lambda: b"[" * 300_000 + b"](" * 300_000,
    "O17-links.md": lambda: b"[a](<b" * 100_000,
    "O17-ticks.md": lambda: b" ".join(b"`" * n for n in range(1, 1_200)),
    "O17-reference-links.md": lambda: b"".join(b"[a%d]: /b\n" % n for n in range(50_000)) + b"[a1]" * 50_000,
    "O17-reference-of-a-reference.md": lambda: b"[a]: " + b"[" * 100_000 + b"\n\n[a]",
    "O17-table-columns.md": lambda: b"|a" * 50_000 + b"|\n" + b"|-" * 50_000 + b"|\n" + b"|b" * 50_000 + b"|\n",
    "O17-table-rows.md": lambda: b"|a|b|\n|-|-|\n" + b"|\n" * 200_000,
    "O17-wide-table.md": lambda: b"|" + b"a|" * 1_000 + b"\n|" + b"-|" * 1_000 + b"\n" + b"|a|\n" * 20_000,
    "O17-entities.md": lambda: b"&" + b"&amp;" * 200_000,
    "O17-markup.md": lambda: b"<a " * 200_000,
    "O17-comments.md": lambda: b"<!--\n" * 100_000,
    "O17-code.md": lambda: b"".join(b"`" * n + b"\n" for n in range(3, 1_000)),
    "O17-headings.md": lambda: b"# a\n" * 100_000,
    "O17-front-matter-anchors.md": lambda: ("---\na: &a [lamp]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20))
        + "---\nlamp\n").encode(),
    "O17-front-matter-object.md": lambda: b"---\na: !!python/object/apply:os.system ['touch escaped']\n---\nlamp\n",
    "O17-front-matter-without-end.md": lambda: b"---\n" + b"a: b\n" * 300_000,
    "O17-titles.rst": lambda: _headings(20_000).encode(),
    "O17-nested-lists.rst": lambda: "".join(f"{' ' * (2 * n)}- lamp\n\n" for n in range(1_500)).encode(),
    "O17-nested-directives.rst": lambda: "".join(f"{' ' * (3 * n)}.. note::\n\n" for n in range(1_000)).encode(),
    "O17-roles.rst": lambda: b":a:`" * 200_000,
    "O17-substitutions.rst": lambda: b".. |a| replace:: |a| |a|\n\n|a|\n" * 20_000,
    "O17-grid.rst": lambda: b"+" + b"-+" * 20_000 + b"\n" + (b"|" + b" |" * 20_000 + b"\n") * 5,
    "O17-include.rst": lambda: b".. include:: /etc/passwd\n\n.. csv-table::\n   :file: /etc/passwd\n\nThe lamp.\n",
    "O18-depth.json": lambda: _deep("[", "]", 100_000),
    "O18-depth-of-objects.json": lambda: _deep('{"a":', "}", 100_000, "1"),
    "O18-unclosed.json": lambda: b"[" * 2_000_000,
    "O18-number.json": lambda: b'{"a": ' + b"9" * 1_000_000 + b"}",
    "O18-exponent.json": lambda: b'{"a": 1e999999999, "b": NaN, "c": -Infinity}',
    "O18-keys.json": lambda: json.dumps({str(n): n for n in range(200_000)}).encode(),
    "O18-one-key.json": lambda: b"{" + b'"a": "lamp",' * 200_000 + b'"a": 1}',
    "O18-surrogates.json": lambda: b'{"a": "\\ud800 lamp \\udfff", "\\udc00": 1}',
    "O18-depth.jsonl": lambda: b"\n".join([_deep("[", "]", 1_000)] * 200),
    "O18-lines.jsonl": lambda: b"{}\n" * 300_000,
    "O18-columns.csv": lambda: b"a," * 1_000_000 + b"\n" + b"1," * 1_000_000,
    "O18-formulas.csv": lambda: b"name,value\n=cmd|'/C calc'!A0,=HYPERLINK(\"http://127.0.0.1:9/\")\n",
    "O18-quotes.csv": lambda: b'"' * 2_000_000,
    "O18-tabs.tsv": lambda: b"\t" * 2_000_000,
    "O18-depth.ipynb": lambda: _deep('{"cells":[', "]}", 50_000, ""),
    "O18-cells.ipynb": lambda: _notebook({"cell_type": "markdown", "metadata": {}, "source": ["lamp"]}, 50_000),
    "O18-output.ipynb": lambda: _output("\x1b[31m" * 400_000),
    "O18-backspaces.ipynb": lambda: _output("lamp\b\r" * 300_000),
    "O18-wrong-kinds.ipynb": lambda: _notebook({"cell_type": ["a"], "source": {"a": 1}, "outputs": "x", "metadata": 7}),
    "O18-times.srt": lambda: b"1\n99:99:99,999 --> 00:00:00,000\nlamp\n\n" * 50_000,
    "O18-tags.vtt": lambda: b"WEBVTT\n\n00:00.000 --> 00:01.000\n" + b"<c.a><v b>" * 200_000,
    "O18-records.log": lambda: b"2024-01-01 00:00:00 lamp\n" * 200_000,
    "O18-depth.py": lambda: _deep("(", ")", 50_000, "1"),
    "O18-indented.py": lambda: "".join(f"{' ' * n}if 1:\n" for n in range(2_000)).encode(),
    "O18-braces.ts": lambda: b"function f() {" * 100_000,
    "O19-messages.eml": lambda: _mail(20),
    "O19-forms.eml": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nlamp\n" * 20_000,
    "O19-encoded-words.eml": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nlamp",
    "O19-header.eml": lambda: b"Subject: " + b"a\n " * 300_000 + b"\n\nlamp",
    "E11-one-line.txt": lambda: b"a" * 10_000_000,
    "E11-no-spaces.txt": lambda: "企鹅".encode() * 500_000,
    "E13-marks.txt": lambda: ("e" + "\u0301" * 200_000).encode(),
    "E13-joined.txt": lambda: ("👩\u200d" * 100_000).encode(),
    "E12-line-ends.txt": lambda: "lamp\x85\u2028\u2029\r\r\n\x0b\x0c".encode() * 100_000,
    "E8-invalid.txt": lambda: b"The lamp \xc0\x80\xed\xa0\x80\xf8\x88\x80\x80\x80 of the harbour\n" * 2_000,
    "E9-nul.txt": lambda: b"The lamp \0 of the harbour\n" + b"lamp " * 4_000,
    "E10-binary.txt": lambda: bytes(range(256)) * 4_000,
    "E13-words.txt": lambda: b"a " * 3_000_000,
    "E13-sentences.txt": lambda: b". " * 2_000_000,
    "E13-digits.txt": lambda: b"1." * 1_000_000,
})  # fmt: skip
"""Name -> a file that must be read or refused within its budget."""
