"""The command line in this process with a pseudo-terminal for stdin, stdout and stderr, and a payload in every place
where a foreign string can stand."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ragcli import cli
from tests.render.hostile import ACTING

NAME_BYTES: Final = 200
_LINK: Final = re.compile(r"\x1b\]8;(?:id=\d+)?;(?:file://[A-Za-z0-9%/._~#-]*)?\x1b\\")
_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command wrote to its terminal, and how it ended."""

    code: int
    output: str

    def documents(self) -> list[Any]:
        """The JSON of each line that begins one; notices may stand around it. Raises ValueError."""
        return [json.loads(line) for line in self.output.replace("\r\n", "\n").split("\n") if line.startswith("{")]

    def sequences(self) -> set[str]:
        """The kinds of control sequences in it, colors and cursor movements each."""
        return set(_SEQUENCE.findall(self.output))

    def foreign(self, ours: set[str]) -> list[str]:
        """Characters that act on a terminal, but for line ends, our links to files and the sequences `ours`."""
        rest = _LINK.sub("", self.output.replace("\r\n", "\n"))
        rest = re.sub(r"\r(?=\x1b\[)", "", rest)  # a progress bar goes back to the start of its line, and clears it
        return ACTING.findall(_SEQUENCE.sub(lambda match: "" if match[0] in ours else match[0], rest))


def on_terminal(*args: str) -> Shown:
    """Runs a command line."""
    ours, theirs = pty.openpty()
    got: list[bytes] = []

    def drain() -> None:
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says end of file on a terminal so
                return
            if not part:
                return
            got.append(part)

    reader = threading.Thread(target=drain)
    reader.start()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = _open(theirs, "r"), _open(theirs, "w"), _open(theirs, "w")
    try:
        code = cli.main(args)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()
        sys.stdin, sys.stdout, sys.stderr = before
        os.close(theirs)
        reader.join(30)
        os.close(ours)
    return Shown(code, b"".join(got).decode("utf-8", "surrogateescape"))


def _open(descriptor: int, mode: str) -> TextIOWrapper:
    opened = os.fdopen(descriptor, mode, encoding="utf-8", closefd=False)
    assert isinstance(opened, TextIOWrapper)
    return opened


def file_name(payload: str) -> str:
    """A payload as a file may be called: surrogates that stand for bytes are those bytes."""
    plain = re.sub("[\ud800-\udc7f\udd00-\udfff]", "?", payload.replace("/", "_").replace("\0", "_"))
    return os.fsdecode(os.fsencode(plain)[:NAME_BYTES]) or "_"


def fill(root: Path, payload: str) -> Mapping[str, str]:
    """A folder whose names, titles, metadata, sections and texts are the payload; the other places as flags."""
    text = payload.replace("\0", "\x01").encode("utf-8", "replace").decode("utf-8")
    line = " ".join(text.split()) or "x"
    root.mkdir(parents=True, exist_ok=True)
    front = f"---\ntitle: {line}\nauthor: {line}\nyear: 2021\n---\n"
    body = f"# {line}\n\n## {line}\n\nOstriches run very fast. {text}\n\nAn ostrich runs at 70 km an hour. {line}\n"
    (root / f"a{file_name(payload)}.md").write_text(front + body, "utf-8")
    (root / "b.html").write_text(f"<title>{line}</title><p>Ostriches eat grass. {text}", "utf-8")
    (root / "c.json").write_text(json.dumps({"bird": "ostrich", line: text}), "utf-8")
    (root / "broken.pdf").write_text(f"%PDF-1.7 {text}", "utf-8")
    quoted = f"Relevant Documents: 0\nCited Documents: 0\nAnswer: x\nGrounded answer: <co: 0>{text}</co: 0> {text}"
    script = root.parent / "script.jsonl"
    script.write_text("\n".join([json.dumps({"completion": quoted})] * 4), "utf-8")
    return MappingProxyType({"text": text, "line": line, "script": str(script)})


def commands(root: Path, payload: str, places: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Command lines that show the payload from every place."""
    text = places["text"].lstrip("-") or "x"
    name = file_name(payload)
    scripted = f"scripted:{places['script']}"
    yield ("ingest", ".", "--meta", f"source={places['line']}")
    yield ("ls",)
    yield ("search", f"ostriches {text}")
    yield ("search", "ostriches", "--json")
    yield ("ask", "How fast do ostriches run?")
    yield ("ask", f"How fast do ostriches run? {text}", "--runtime", scripted)
    yield ("ask", "How fast do ostriches run?", "--runtime", scripted, "--json")
    yield ("ask", "How fast do ostriches run?", "--runtime", scripted, "--format", "md")
    yield ("ask", "How fast do ostriches run?", "--print-prompt")
    yield ("ask", "How fast do ostriches run?", "--session", f"s{text}"[:200])
    yield ("show", f"a{name}.md")
    yield ("show", f"x{text}")
    yield ("show", "b.html", "--json")
    yield ("log",)
    yield ("stats",)
    yield ("doctor",)
    yield ("search", "ostriches", "--where", f"author={text}")
    yield ("search", "ostriches", "--path", f"x{text}")
    yield ("search", "ostriches", "--index", str(root / f"i{name}"))
    yield ("ask", "x", "--runtime", f"x{text}")
    yield ("ask", "x", "--format", f"x{text}")
    yield ("ask", "x", f"--x{text}")
    yield (f"x{text}",)
    yield ("ingest", str(root / f"missing{name}"))
    yield ("import", str(root / f"missing{name}"))
    yield ("verify", "c.json")
    yield ("verify", str(root / f"missing{name}"))
    yield ("schema", f"x{text}")
    yield ("rm", "-y", f"missing{text}")
    yield ("rm", "-y", f"a{name}.md")


PLACES: Final = (
    "file name", "title", "metadata", "section", "text", "question", "model answer", "session name", "document named",
    "filter", "index path", "runtime name", "flag value", "flag", "verb", "missing file", "flag --meta", "page title",
    "JSON key", "file's bytes",
)  # fmt: skip
"""Where the payload stands in these commands."""
