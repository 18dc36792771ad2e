from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from .conftest import Run

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
