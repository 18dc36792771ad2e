"""The sample corpus: gold passages, PDFs and the demo's script."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest

CORPUS = Path(__file__).resolve().parents[1] / "sample_corpus"
SOURCES = sorted((CORPUS / "sources").glob("*.md"))


def load(name: str) -> ModuleType:
    """A script of the corpus as a module."""
    spec = importlib.util.spec_from_file_location(f"sample_corpus_{name}", CORPUS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_questions_agree_with_the_files() -> None:
    assert load("check").find_faults() == []


def test_the_check_sees_a_shifted_offset() -> None:
    check = load("check")
    entry = next(q["gold"][0] for q in check.read_questions() if q["gold"] and q["gold"][0]["start"])
    shifted = entry | {"start": entry["start"] + 1, "end": entry["end"] + 1}
    assert check.gold_faults(shifted, check.read_docs()) == ["start and end do not give the text"]


def test_the_check_sees_a_wrong_page() -> None:
    check = load("check")
    entry = next(gold for q in check.read_questions() for gold in q["gold"] if gold["file"].endswith(".pdf"))
    assert check.gold_faults(entry | {"page": 99}, check.read_docs()) == [f"text on pages [{entry['page']}], not 99"]


def test_the_report_prints_roman_then_arabic_labels() -> None:
    with pypdfium2.PdfDocument(CORPUS / "docs/reports/technical-report.pdf") as pdf:
        assert [pdf.get_page_label(n) for n in range(len(pdf))] == ["i", "ii", "iii", "1", "2", "3", "4", "5"]


def test_some_words_of_the_report_are_broken_at_line_ends() -> None:
    with pypdfium2.PdfDocument(CORPUS / "docs/reports/technical-report.pdf") as pdf:
        text = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert text.count("\ufffe") >= 3


def test_a_pdf_is_the_same_bytes_when_set_twice(tmp_path: Path) -> None:
    make = load("make_pdf").make
    source = CORPUS / "sources" / "technical-report.txt"
    (tmp_path / "again").mkdir()
    assert make(source, tmp_path).read_bytes() == make(source, tmp_path / "again").read_bytes()


def test_the_check_sees_a_wrong_slide() -> None:
    check = load("check")
    entry = next(gold for q in check.read_questions() for gold in q["gold"] if gold["file"].endswith(".pptx"))
    assert check.gold_faults(entry | {"page": 1}, check.read_docs()) == [f"text on pages [{entry['page']}], not 1"]


def test_the_check_sees_an_attachment_as_a_file_of_its_own() -> None:
    check = load("check")
    entry = next(gold for q in check.read_questions() for gold in q["gold"] if ".eml/" in gold["file"])
    mail = entry["file"].rpartition("/")[0]
    assert check.gold_faults(entry, check.read_docs()) == []
    assert check.gold_faults(entry | {"file": mail, "start": None, "end": None}, check.read_docs()) != []


@pytest.mark.parametrize("history", [[], [{"question": "Why?"}], [{"question": "Why?", "answer": " "}]])
def test_the_check_sees_a_broken_turn(history: list[dict[str, str]]) -> None:
    check = load("check")
    question = next(q for q in check.read_questions() if "history" in q)
    assert check.history_faults(question) == []
    assert check.history_faults(question | {"history": history}) == ["a turn is not one question and one answer"]


def members(path: Path) -> dict[str, bytes]:
    """What a file holds: a zip's members, else its bytes."""
    if not zipfile.is_zipfile(path):
        return {"": path.read_bytes()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_file_is_the_same_bytes_when_made_twice_and_holds_what_the_corpus_has(source: Path, tmp_path: Path) -> None:
    make = load("make_files").make
    made = make(source, tmp_path)
    assert made.read_bytes() == make(source, tmp_path / "again").read_bytes()
    assert members(made) == members(CORPUS / "docs" / made.relative_to(tmp_path))


def test_the_scanned_page_has_no_text() -> None:
    with pypdfium2.PdfDocument(CORPUS / "docs/archive/rechnung-gatz-1897.pdf") as pdf:
        assert [page.get_textpage().get_text_range() for page in pdf] == [""]
        assert len(list(pdf[0].get_objects())) == 1


def test_two_files_are_not_in_utf_8() -> None:
    check = load("check")
    assert len(check.ENCODINGS) == 2
    for name in check.ENCODINGS:
        with pytest.raises(UnicodeDecodeError):
            (CORPUS / "docs" / name).read_bytes().decode("utf-8")


def test_the_draft_of_the_press_release_is_its_near_duplicate() -> None:
    docs = load("check").read_docs()
    final = docs["press/release.md"][0].splitlines()
    draft = docs["press/release-draft.docx"][0].splitlines()
    same = {line for line in final if len(line) > 80} & set(draft)
    assert len(same) == 3
    assert final != draft


@pytest.mark.parametrize(("code", "says"), [(0, ""), (3, "exit 3: not in the documents")])
def test_the_demo_fails_when_an_exit_code_is_not_the_expected_one(tmp_path: Path, code: int, says: str) -> None:
    program = tmp_path / "ragcli"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit({code} if 'salary' in ' '.join(sys.argv) else 0)\n")
    program.chmod(0o755)
    environ = {**os.environ, "RAGCLI": str(program), "DEMO": str(tmp_path / "demo")}
    script = ["sh", str(CORPUS / "demo.sh")]
    finished = subprocess.run(script, env=environ, capture_output=True, text=True, check=False)
    assert finished.returncode == (0 if code == 3 else 1)
    assert says in finished.stdout
    assert finished.stdout.count("$ ragcli ask") == 4
