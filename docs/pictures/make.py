"""Make the README's pictures from real runs on the sample corpus: `make pictures`.

answer.svg is what a terminal of 96 columns shows of one `ragcli ask`, page.png the same answer as `--format html` in
headless Chromium, its first source chosen. The index is made anew each time, in build/pictures.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from html import escape
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Final

from PIL import Image
from rich.style import Style
from rich.text import Text

from ragcli.render.layout import cells
from tests.render.chromium import browser

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
WORK: Final = ROOT / "build" / "pictures"
RAGCLI: Final = (sys.executable, "-m", "ragcli")
QUESTION: Final = "Why did the clock stop in 2019?"
COLUMNS: Final = 96
CELL, LINE, FONT, MARGIN = 8.4, 20, 14, 16
"""Pixels: a cell's width, a line's height, the font's size, the space around."""
WIDTH, SCALE = 1000, 2
COLORS: Final[dict[int | None, str]] = {1: "red", 2: "green", 3: "yellow", 6: "cyan"}
PNG_BYTES: Final = 150_000
SHADES: Final = 64
STYLE: Final = """
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre; fill: #1f2328 }
rect { fill: #fff; stroke: #d1d9e0 }
.bold { font-weight: 600 } .dim { fill: #656d76 } .underline { text-decoration: underline }
.red { fill: #a8201a } .green { fill: #1a6e2e } .yellow { fill: #8a5a00 } .cyan { fill: #0b6b7d }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } rect { fill: #0d1117; stroke: #30363d } .dim { fill: #8b949e }
  .red { fill: #ff9c94 } .green { fill: #7fd492 } .yellow { fill: #f0c060 } .cyan { fill: #76d0e0 } }
"""


def main() -> int:
    """Makes both pictures; 1 where one cannot be made, with the reason on stderr."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    (WORK / "sample_corpus").symlink_to(ROOT / "sample_corpus")  # paths read as they do in the repository
    ragcli("ingest", "sample_corpus/docs", "--quiet")
    shown = recorded("ask", QUESTION, "--no-log")
    command = f'$ ragcli ask "{QUESTION}"'
    (HERE / "answer.svg").write_text(svg(f"\x1b[1m{command}\x1b[0m\n{shown}", f"{command}, answered"), "utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a browser ends late
        page = Path(folder) / "page.html"
        page.write_bytes(ragcli("ask", QUESTION, "--no-log", "--format", "html"))
        try:
            png = picture(page, Path(folder) / "profile")
        except AssertionError as missing:
            sys.stderr.write(f"page.png stays as it was: {missing}\n")
            return 1
    if len(png) > PNG_BYTES:
        sys.stderr.write(f"page.png stays as it was: {len(png):,} bytes, more than {PNG_BYTES:,}\n")
        return 1
    (HERE / "page.png").write_bytes(png)
    return 0


def environment() -> dict[str, str]:
    """This one without the user's settings of ragcli and of colors."""
    foreign = {"NO_COLOR", "COLUMNS"}
    kept = {key: text for key, text in os.environ.items() if key not in foreign and not key.startswith("RAGCLI_")}
    return {**kept, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "RAGCLI_INDEX": str(WORK / ".ragcli")}


def ragcli(*arguments: str) -> bytes:
    """What ragcli prints into a pipe."""
    command = [*RAGCLI, *arguments]
    return subprocess.run(command, cwd=WORK, env=environment(), check=True, stdout=subprocess.PIPE).stdout


def recorded(*arguments: str) -> str:
    """What ragcli prints on a terminal of COLUMNS, escape sequences and all."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    with subprocess.Popen([*RAGCLI, *arguments], cwd=WORK, env=environment(), stdin=theirs, stdout=theirs) as run:
        os.close(theirs)
        read = b"".join(_until_closed(ours))
    os.close(ours)
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, run.args)
    return read.decode().replace("\r\n", "\n")


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            read = os.read(terminal, 1 << 16)
        except OSError:  # Linux's way to say that nobody writes any more
            return
        if not read:
            return
        yield read


def svg(shown: str, label: str) -> str:
    """Lines with escape sequences as an SVG: text that can be selected, on a grid whatever the font, light and dark."""
    lines = Text.from_ansi(shown.rstrip("\n")).split("\n")
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    rows = []
    for row, line in enumerate(lines):
        y = MARGIN + row * LINE + FONT
        runs = "".join(_run(column, text, style) for column, text, style in _runs(line))
        rows.append(f'<text y="{y}">{runs}</text>\n' if runs else "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" width="{width:g}" role="img">\n'
        f"<title>{escape(label)}</title>\n<style>{STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1}" rx="6"/>\n{"".join(rows)}</svg>\n'
    )


def _runs(line: Text) -> Iterator[tuple[int, str, Style]]:
    """(column, text, style) of each run of a line."""
    edges = sorted({0, len(line), *(edge for span in line.spans for edge in (span.start, span.end))})
    for start, end in pairwise(edges):
        styles = [span.style for span in line.spans if span.start <= start and end <= span.end]
        style = sum((each for each in styles if isinstance(each, Style)), Style.null())
        yield cells(line.plain[:start]), line.plain[start:end], style


def _run(column: int, text: str, style: Style) -> str:
    flags = {"bold": style.bold, "dim": style.dim, "underline": style.underline}
    named = [flag for flag, there in flags.items() if there] + ([COLORS[style.color.number]] if style.color else [])
    kind = f' class="{" ".join(named)}"' if named else ""
    x, length = MARGIN + column * CELL, cells(text) * CELL
    return f'<tspan x="{x:g}" textLength="{length:g}"{kind}>{escape(text)}</tspan>'


def picture(page: Path, profile: Path) -> bytes:
    """A PNG of the page from its question to its last source, the first one chosen as by a click."""
    with browser(profile) as tab:
        tab.media(prefers_color_scheme="light")
        tab.call("Emulation.setScrollbarsHidden", hidden=True)
        tab.open(page, WIDTH, 2000)
        tab.click("#s1 .where a")
        tab.eval("document.activeElement.blur(), scrollTo(0, 0)")
        height = tab.eval("Math.ceil(document.querySelector('footer').getBoundingClientRect().top)")
        size = {"width": WIDTH, "height": height, "deviceScaleFactor": SCALE, "mobile": False}
        tab.call("Emulation.setDeviceMetricsOverride", **size)
        return _small(tab.picture())


def _small(png: bytes) -> bytes:
    """The same with a palette, which is all that a page of few colors needs."""
    small = BytesIO()
    with Image.open(BytesIO(png)) as full:
        full.convert("RGB").quantize(SHADES, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
