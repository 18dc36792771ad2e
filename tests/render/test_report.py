from __future__ import annotations

from dataclasses import replace

import pytest

from ragcli.render.layout import Look
from ragcli.render.report import document_text, ingest_text, ledger_text, run_text, snippet_text
from ragcli.types import FileOutcome, FileState, IngestReport, Page

from .hostile import PAYLOADS, acting
from .records import document, snippet

ADDED = FileOutcome("a.md", FileState.ADDED, "", 4)
FAILED = FileOutcome("b.pdf", FileState.FAILED, "encrypted")
SCANNED = FileOutcome("c.pdf", FileState.NO_TEXT, "no text layer")
HIDDEN = FileOutcome(".env", FileState.SKIPPED, "secret")


def test_a_summary_counts_states_and_names_failures() -> None:
    report = IngestReport((ADDED, FAILED, SCANNED, HIDDEN), 9, 2, 1.25)
    assert ingest_text(report, Look()) == (
        "4 files: 1 added, 1 no text, 1 skipped, 1 failed\n"
        "failed    b.pdf: encrypted\n"
        "no_text   c.pdf: no text layer\n"
        "skipped   secret: .env\n"
        "4 snippets · 9 windows embedded, 2 reused · 1.2 s\n"
    )


def test_many_failures_are_cut_with_the_command_that_lists_them() -> None:
    report = IngestReport(tuple(FileOutcome(f"{n}.pdf", FileState.FAILED, "bad") for n in range(51)), 0, 0, 0.0)
    text = ingest_text(report, Look())
    assert text.count("bad") == 20
    assert "31 more: ragcli ls --state failed\n" in text


def test_notes_are_grouped() -> None:
    noted = tuple(FileOutcome(f"{n}.txt", FileState.ADDED, "", 1, ("read as latin-1",)) for n in range(3))
    assert "note      read as latin-1: 0.txt and 2 more\n" in ingest_text(IngestReport(noted, 0, 0, 0.0), Look())


def test_what_was_skipped_is_grouped_by_reason_and_a_reason_is_said_once() -> None:
    pictures = tuple(FileOutcome(f"{n}.png", FileState.SKIPPED, "picture") for n in range(1200))
    bare = FileOutcome("c.pdf", FileState.NO_TEXT, "no text in it (1 page)", notes=("1 page",))
    text = ingest_text(IngestReport((*pictures, bare), 0, 0, 0.0), Look())
    assert "skipped   picture: 0.png and 1,199 more\n" in text
    assert text.count("1 page") == 1


def test_more_reasons_than_are_listed_are_counted() -> None:
    skipped = tuple(FileOutcome(f"{n}.bin", FileState.SKIPPED, f"reason {n}") for n in range(23))
    assert "\n3 more reasons: ragcli ls --json\n" in ingest_text(IngestReport(skipped, 0, 0, 0.0), Look())


def test_a_plan_lists_changes_and_says_nothing_was_written() -> None:
    text = ingest_text(IngestReport((ADDED, HIDDEN), 0, 0, 0.0), Look(), planned=True)
    assert "added     a.md\n" in text
    assert text.endswith("Nothing was written (dry run).\n")


def test_no_files_say_so() -> None:
    assert ingest_text(IngestReport((), 0, 0, 0.0), Look()).startswith("0 files.\n")


def test_the_ledger_is_one_line_a_file() -> None:
    assert ledger_text((ADDED, FAILED), Look()) == "added          4  a.md\nfailed         0  b.pdf  (encrypted)\n"


def test_a_snippet_is_shown_in_full_under_its_place() -> None:
    pdf = document()
    text = snippet_text(snippet(pdf, 20), Look(), {pdf.uri: pdf})
    assert text.startswith("birds/penguins.pdf · pp. iii-1 (2-3) · Tall penguins · Size > Height\nref 0123456789abcdef")
    assert text.endswith("\n\n" + pdf.text[20:])


def test_a_document_is_shown_with_the_refs_of_its_snippets() -> None:
    note = document("a.md", paged=False)
    text = document_text(note, [snippet(note)], Look())
    assert "a.md · Tall penguins\n" in text
    assert "133 characters, 1 snippet\nref 0123456789abcdef:1-5\n" in text
    assert text.endswith(note.text)


def test_pages_are_counted_under_their_own_name() -> None:
    pdf = document()
    assert "characters, 3 pages, 1 snippet\nref 0123456789abcdef  pp. ii-1 (1-3)\n" in document_text(
        pdf, [snippet(pdf)], Look()
    )
    book = replace(pdf, pages=(Page(0, "sheet Lamp"), Page(20, "sheet Pier")))
    pages = replace(snippet(book), pages=(1, 2))
    assert "2 sheets, 1 snippet\nref 0123456789abcdef  sheets Lamp to Pier\n" in document_text(book, [pages], Look())


def test_long_lines_are_wrapped_between_words_on_a_terminal_only() -> None:
    note = document("a.md", "penguin " * 20 + "end", paged=False)
    assert snippet_text(snippet(note), Look(), {}).endswith("\n\n" + note.text + "\n")
    assert max(map(len, snippet_text(snippet(note), Look(width=40), {}).splitlines())) <= 40


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_names_and_reasons_are_inert_and_on_one_line(payload: str) -> None:
    bad = FileOutcome(payload, FileState.FAILED, payload, 0, (payload,))
    skipped = FileOutcome(payload, FileState.SKIPPED, payload)
    evil = document(payload, payload, paged=False)
    for output in (
        ingest_text(IngestReport((bad, skipped), 0, 0, 0.0), Look(color=True)),
        ledger_text((bad,), Look(color=True)),
        snippet_text(snippet(evil, section=payload), Look(color=True), {}),
        document_text(evil, [snippet(evil)], Look(color=True)),
    ):
        assert acting(output) == []
    assert ledger_text((bad,), Look()).count("\n") == 1


def test_a_run_of_watch_is_one_line_on_what_is_new() -> None:
    failed = FileOutcome("a\x1b.pdf", FileState.FAILED, "encrypted")
    added = tuple(FileOutcome(f"{n}.md", FileState.ADDED) for n in range(4))
    first = IngestReport((failed, FileOutcome("b.md", FileState.ADDED)), 1, 0, 0.1)
    same = IngestReport((failed, FileOutcome("b.md", FileState.UNCHANGED)), 0, 0, 0.1)
    assert run_text(same, first, "18:05:31") == ""
    more = IngestReport((failed, *added), 0, 0, 0.1)
    assert run_text(more, same, "18:05:31") == "18:05:31  4 added: 0.md, 1.md, 2.md and 1 more\n"
    assert run_text(same, IngestReport((), 0, 0, 0.0), "18:05:31") == "18:05:31  1 failed: a␛.pdf\n"
