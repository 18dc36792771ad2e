from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from selectolax.lexbor import LexborHTMLParser

from ragcli.commands._answers import Form, coming
from ragcli.render.layout import Look

from .conftest import Run

if TYPE_CHECKING:
    from ragcli.commands._session import Session

QUESTION = "How tall are the tallest emperor penguins?"
UNANSWERABLE = "Which zeppelin crossed the Atlantic in 1928?"


def test_json_by_either_name_is_the_same_answer(notes: Path, run: Run) -> None:
    one, two = run("ask", QUESTION, "--format", "json").value, run("ask", QUESTION, "--json").value
    assert one["citations"] == two["citations"] != []
    assert run("ask", QUESTION, "--json", "--format", "json").value["answer"] == one["answer"]


def test_cohere_has_the_same_text_and_spans_as_json(notes: Path, run: Run) -> None:
    ours, theirs = run("ask", QUESTION, "--json").value, json.loads(run("ask", QUESTION, "--format", "cohere").out)
    assert theirs["message"]["content"] == [{"type": "text", "text": ours["answer"]}]
    spans = [(each["start"], each["end"], each["text"]) for each in ours["citations"]]
    assert [(each["start"], each["end"], each["text"]) for each in theirs["message"]["citations"]] == spans
    assert theirs["message"]["citations"][0]["sources"][0]["document"]["title"] == "Tall penguins"


def test_markdown_and_html_cite_file_and_line(notes: Path, run: Run) -> None:
    markdown = run("ask", QUESTION, "--format", "md").out
    assert "[^1]: penguins.md:10 · " in markdown
    page = LexborHTMLParser(run("ask", QUESTION, "--format", "html").out)
    assert [node.text() for node in page.css("h1")] == [QUESTION]
    assert "penguins.md:10" in page.css("#s1 .where")[0].text()


@pytest.mark.parametrize("form", ["text", "md", "html", "cohere", "json"])
def test_every_form_says_that_the_documents_do_not_answer(form: str, notes: Path, run: Run) -> None:
    done = run("ask", UNANSWERABLE, "--format", form)
    assert done.code == 3
    assert ("no_evidence" if form == "json" else "Not in your documents.") in done.out


def test_two_forms_at_once_are_refused(notes: Path, run: Run) -> None:
    done = run("ask", QUESTION, "--json", "--format", "md")
    assert (done.code, done.value["error"]["code"]) == (2, "usage")
    assert run("ask", "--batch", "x", "--format", "html").code == 2


@pytest.mark.parametrize("flags", [("--format", "json"), ("--format=cohere",)])
def test_an_error_is_json_where_the_answer_would_be(flags: tuple[str, ...], folder: Path, run: Run) -> None:
    done = run("ask", QUESTION, *flags)
    assert (done.code, done.value["error"]["code"]) == (4, "missing")


def test_a_page_on_a_stdout_of_another_encoding_has_references(notes: Path) -> None:
    (notes / "penguins.md").rename(notes / "пингвины.md")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ragcli = [sys.executable, "-m", "ragcli"]
    subprocess.run([*ragcli, "ingest", "-q", "."], check=True, env=environment, capture_output=True)
    done = subprocess.run(
        [*ragcli, "ask", QUESTION, "--format", "html"], env=environment, capture_output=True, check=True
    )
    assert done.stdout.isascii()
    assert "пингвины.md:10" in LexborHTMLParser(done.stdout).css("#s1 .where")[0].text()


class Shown:
    """What `coming` asks of a session."""

    look = Look(width=80)


@pytest.mark.parametrize("form", Form)
def test_text_is_shown_while_it_comes_on_a_terminal_only_and_only_as_text(form: Form) -> None:
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal, redirect_stdout(terminal):
        with coming(cast("Session", Shown()), form) as on_text:
            on_text("It is ")
            time.sleep(0.06)  # what is there at once is not shown before it is whole
            on_text("122 cm\x1b]52;c;x\x07")
        terminal.write("end")
    raw = b""
    while not raw.endswith(b"end"):
        raw += os.read(ours, 4096)
    os.close(ours)
    shown = raw.decode()
    assert shown.startswith("It is 122 cm") is (form is Form.TEXT)
    assert (shown == "end") is (form is not Form.TEXT)
    assert "\x1b]52" not in shown


def test_text_that_comes_is_not_shown_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with coming(cast("Session", Shown())) as on_text:
        on_text("It is ")
        time.sleep(0.06)
        on_text("122 cm")
    assert capsys.readouterr().out == ""
