"""The README's pictures: what a terminal shows becomes an SVG, and what is committed says what the corpus says."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from docs.pictures.make import CELL, HERE, MARGIN, PNG_BYTES, QUESTION, ROOT, svg

NAME = "{http://www.w3.org/2000/svg}"


def lines(drawn: str) -> list[str]:
    """What is read in a picture, without its title."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter(f"{NAME}text")]


def test_a_run_is_drawn_in_its_style_at_its_column() -> None:
    drawn = svg("企鹅 \x1b[4mtall\x1b[0m\x1b[36m[1]\x1b[0m\n\n\x1b[1m\x1b[32m✓ a & <b>\x1b[0m\n", "A <title>")
    assert lines(drawn) == ["企鹅 tall[1]", "✓ a & <b>"]
    runs = [
        (each.text, each.get("class"), each.get("x")) for each in ElementTree.fromstring(drawn).iter(f"{NAME}tspan")
    ]
    assert runs[1:] == [
        ("tall", "underline", f"{MARGIN + 5 * CELL:g}"),
        ("[1]", "cyan", f"{MARGIN + 9 * CELL:g}"),
        ("✓ a & <b>", "bold green", f"{MARGIN}"),
    ]


def test_a_picture_takes_nothing_from_outside() -> None:
    drawn = svg("\x1b]8;;file:///notes/a.md\x1b\\\x1b[1ma.md\x1b[0m\x1b]8;;\x1b\\ is linked", "links")
    assert lines(drawn) == ["a.md is linked"]
    assert not re.search(r"href|url\(|@import|file:|<script", drawn)


def test_the_committed_pictures_show_a_real_answer() -> None:
    drawn = lines((HERE / "answer.svg").read_text("utf-8"))
    assert drawn[0] == f'$ ragcli ask "{QUESTION}"'
    shown = " ".join(" ".join(drawn).split())
    for file in re.findall(r"sample_corpus/\S+?(?=[: ])", shown):
        assert (ROOT / file).is_file()
    minutes = (ROOT / "sample_corpus/docs/minutes/2019-02-18-board.md").read_text("utf-8")
    [said] = re.findall(r"Mr Boll reported [^.]+\.", minutes)
    assert shown.count(said) == 2  # in the answer, and in its source
    png = Path(HERE / "page.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) <= PNG_BYTES
