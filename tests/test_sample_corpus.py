"""The sample corpus: gold passages, PDFs and the demo's script."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pypdfium2
import pytest

CORPUS = Path(__file__).resolve().parents[1] / "sample_corpus"


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
    assert finished.stdout.count("$ ragcli ask") == 3
