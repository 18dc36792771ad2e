"""Check questions.jsonl against the files: gold texts, offsets, counts, languages, formats, follow-ups, rare words."""

from __future__ import annotations

import hashlib
import html
import json
import re
import sys
import zipfile
from collections import Counter
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import snowballstemmer
from openpyxl import load_workbook
from selectolax.lexbor import LexborHTMLParser

HERE = Path(__file__).resolve().parent
DOCS = HERE / "docs"
KINDS = set(
    "factoid numeric date procedure cause list comparison definition table cross-language version unanswerable".split()
)
LANGUAGES = {"en": "english", "de": "german", "el": "greek", "ru": "russian"}
STEMMERS = {lang: snowballstemmer.stemmer(name) for lang, name in LANGUAGES.items()}
ENCODINGS = {"archive/veresov-1913.txt": "koi8-r", "archive/inventar-1938.csv": "windows-1252"}
"""The files that are not in UTF-8."""

LATER = set("archive data friends mail media press software talks tower".split())
"""Folders that came after q01 to q40 were written; rare words of those are counted without them."""

FIRST_40 = "c731542be37f14182f2b16a19c97c0b82ec281f898733ba567b5031e3933badc"
"""SHA-256 of the first forty lines of questions.jsonl, which are never edited."""

RARE_FILES = 5
"""A word is rare when its Snowball stem, in the question's language, is in at most this many files."""

FORMATS = {".py": "code", ".c": "code"}
"""A format's name where it is not the suffix."""

STORED = set(".c .csv .json .jsonl .log .md .py .rst .txt".split())
"""Suffixes of files whose decoded text is the text that is cited, so that gold passages have offsets."""

PAGED = {".pdf", ".pptx", ".xlsx"}
"""Suffixes of files whose gold passages name a page, slide or sheet."""

Question = dict[str, Any]


def untagged(markup: bytes) -> str:
    """The text of XML or XHTML, whose paragraphs end in a line end."""
    ended = re.sub(r"</(?:w:p|a:p|p|h1)>", "\n", markup.decode("utf-8"))
    return html.unescape(re.sub(r"<[^>]*>", "", ended))


def zipped(path: Path, pattern: str) -> list[str]:
    """The texts of the members that match, in the order of the numbers in their names."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(pattern, name)]
        return [untagged(archive.read(name)) for name in sorted(names, key=lambda name: (len(name), name))]


def slides_of(path: Path) -> list[str]:
    """The text of each slide with its notes."""
    slides = zipped(path, r"ppt/slides/slide\d+\.xml")
    notes = zipped(path, r"ppt/notesSlides/notesSlide\d+\.xml")
    return [f"{slide}\n{next((n for n in notes[number : number + 1]), '')}" for number, slide in enumerate(slides)]


def sheets_of(path: Path) -> list[str]:
    """The cells of each sheet, row by row."""
    rows = [sheet.iter_rows(values_only=True) for sheet in load_workbook(path)]
    return ["\n".join(" | ".join(str(cell or "") for cell in row) for row in sheet) for sheet in rows]


def cells_of(path: Path) -> list[str]:
    """The sources and printed outputs of a notebook's cells, as one page."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["\n\n".join("".join(cell["source"] + output_of(cell)) for cell in cells)]


def output_of(cell: dict[str, Any]) -> list[str]:
    """What a cell printed."""
    return [line for output in cell.get("outputs", []) for line in ["\n", *output["text"]]]


def pages_of(path: Path) -> list[str]:
    """The text of a file, page by page; one page unless it is a PDF, a talk or a workbook."""
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as pdf:
            return [page.get_textpage().get_text_range().replace("\ufffe", "") for page in pdf]
    readers = {".pptx": slides_of, ".xlsx": sheets_of, ".ipynb": cells_of}
    if path.suffix in readers:
        return readers[path.suffix](path)
    if path.suffix in {".docx", ".epub"}:
        return ["\n".join(zipped(path, r"word/document\.xml|book/c\d+\.xhtml"))]
    text = path.read_bytes().decode(ENCODINGS.get(path.relative_to(DOCS).as_posix(), "utf-8")).replace("\r\n", "\n")
    if path.suffix == ".html":
        body = LexborHTMLParser(text).body
        return [body.text(separator=" ") if body else ""]
    return [text]


def parts_of(path: Path) -> dict[str, list[str]]:
    """A mail's text and its attachments, which are named like files in a folder."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    name = path.relative_to(DOCS).as_posix()
    body = mail.get_body(("plain",))
    found = {name: [str(body.get_content()) if body else ""]}
    for part in mail.iter_attachments():
        found[f"{name}/{part.get_filename()}"] = [str(part.get_content()).replace("\r\n", "\n")]
    return found


def read_docs() -> dict[str, list[str]]:
    """Every file and attachment of the corpus by its path below docs/."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in DOCS.rglob("*") if path.is_file()):
        found |= parts_of(path) if path.suffix == ".eml" else {path.relative_to(DOCS).as_posix(): pages_of(path)}
    return found


def read_lines() -> list[str]:
    """The lines of questions.jsonl."""
    return (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


def read_questions() -> list[Question]:
    """The rows of questions.jsonl."""
    return [json.loads(line) for line in read_lines()]


def squeeze(text: str) -> str:
    """`text` without any white space."""
    return "".join(text.split())


@cache
def stem(word: str, lang: str) -> str:
    """The Snowball stem of a word."""
    return str(STEMMERS[lang].stemWord(word))


def stems(text: str, lang: str) -> set[str]:
    """The Snowball stems of the words (letters or digits, two or more characters) of `text`."""
    return {stem(word, lang) for word in set(re.findall(r"[^\W_]{2,}", text.casefold()))}


def file_counts(docs: dict[str, list[str]], lang: str) -> Counter[str]:
    """In how many files each stem is."""
    return Counter(stem for pages in docs.values() for stem in stems(" ".join(pages), lang))


def shared_rare(question: Question, counts: Counter[str]) -> set[str]:
    """The rare stems that a question shares with any of its gold texts."""
    lang = question["lang"]
    gold = set().union(*(stems(entry["text"], lang) for entry in question["gold"]))
    return {stem for stem in stems(question["question"], lang) & gold if counts[stem] <= RARE_FILES}


def format_of(name: str) -> str:
    """The format of a file; an attachment counts as mail."""
    suffix = ".eml" if ".eml/" in name else Path(name).suffix
    return FORMATS.get(suffix, suffix[1:])


def gold_faults(entry: dict[str, Any], docs: dict[str, list[str]]) -> list[str]:
    """What is wrong with one gold entry."""
    pages, suffix = docs.get(entry["file"]), Path(entry["file"]).suffix
    if pages is None:
        return [f"no such file: {entry['file']}"]
    if suffix in STORED:
        if pages[0][entry["start"] : entry["end"]] != entry["text"]:
            return ["start and end do not give the text"]
        return [] if pages[0].count(entry["text"]) == 1 else ["the text is not unique"]
    if entry["start"] is not None or entry["end"] is not None:
        return [f"{suffix} has no offsets"]
    number = entry["page"] if suffix in PAGED else 1
    found = [index for index, page in enumerate(pages, 1) if squeeze(entry["text"]) in squeeze(page)]
    return [] if found == [number] else [f"text on pages {found}, not {number}"]


def history_faults(question: Question) -> list[str]:
    """What is wrong with the earlier turns of a question; nothing when it has none."""
    turns = question.get("history", [{"question": "-", "answer": "-"}])
    sound = bool(turns) and all(
        turn.keys() == {"question", "answer"} and all(text.strip() for text in turn.values()) for turn in turns
    )
    return [] if sound else ["a turn is not one question and one answer"]


def question_faults(question: Question, docs: dict[str, list[str]], counts: Counter[str]) -> list[str]:
    """What is wrong with one question."""
    if question["lang"] not in LANGUAGES or question["kind"] not in KINDS:
        return ["unknown language or kind"]
    faults = history_faults(question)
    if question["kind"] == "unanswerable":
        wrong = question["gold"] or question["answers"] or question["answerable"] or question["rare_word_overlap"]
        return [*faults, "an unanswerable question has an answer"] if wrong else faults
    faults += [fault for entry in question["gold"] for fault in gold_faults(entry, docs)]
    if not (question["gold"] and question["answers"] and question["answerable"]):
        faults.append("an answerable question lacks gold or answers")
    if bool(shared_rare(question, counts)) != question["rare_word_overlap"]:
        faults.append(f"rare_word_overlap is wrong: {sorted(shared_rare(question, counts))}")
    return faults


def count_faults(questions: list[Question], docs: dict[str, list[str]]) -> list[str]:
    """What is wrong with the numbers of the set."""
    answerable = [q for q in questions if q["answerable"]]
    formats = Counter(name for q in answerable for name in {format_of(entry["file"]) for entry in q["gold"]})
    languages = Counter(q["lang"] for q in answerable)
    apart = sum(not q["rare_word_overlap"] for q in answerable)
    first = "".join(read_lines()[:40]).encode()
    wanted = {
        "the first 40 questions are as they were": hashlib.sha256(first).hexdigest() == FIRST_40,
        "100 questions, q01 to q100": [q["id"] for q in questions] == [f"q{n:02}" for n in range(1, 101)],
        "80 answerable": len(answerable) == 80,
        "15 follow-ups, 2 of them unanswerable": Counter(q["answerable"] for q in questions if "history" in q)
        == {True: 13, False: 2},
        "3 or more answerable in every language": all(languages[lang] >= 3 for lang in LANGUAGES),
        "3 or more answerable in every format": all(formats[format_of(name)] >= 3 for name in docs),
        "3 or more on tables": sum(q["kind"] == "table" for q in answerable) >= 3,
        "3 or more where two versions contradict each other": sum(q["kind"] == "version" for q in answerable) >= 3,
        "a third without a shared rare word": 3 * apart >= len(answerable),
    }
    return [f"not so: {claim}" for claim, holds in wanted.items() if not holds]


def find_faults() -> list[str]:
    """Everything wrong with the corpus, one line each; empty when all holds."""
    docs, questions = read_docs(), read_questions()
    early = {name: pages for name, pages in docs.items() if name.partition("/")[0] not in LATER}
    faults = []
    for part, rows in ((early, questions[:40]), (docs, questions[40:])):
        counts = {lang: file_counts(part, lang) for lang in LANGUAGES}
        faults += [f"{q['id']}: {fault}" for q in rows for fault in question_faults(q, part, counts[q["lang"]])]
    return faults + count_faults(questions, docs)


def main() -> int:
    """Print the faults and the numbers; 1 when there is a fault."""
    faults, docs, questions = find_faults(), read_docs(), read_questions()
    for fault in faults:
        print(fault, file=sys.stderr)
    answerable = [q for q in questions if q["answerable"]]
    apart = [q["id"] for q in answerable if not q["rare_word_overlap"]]
    formats = Counter(name for q in answerable for name in {format_of(entry["file"]) for entry in q["gold"]})
    files = sum(path.is_file() for path in DOCS.rglob("*"))
    words = sum(len(" ".join(pages).split()) for pages in docs.values())
    print(f"{files} files, {len(docs) - files} attachments, {words} words")
    print(f"{len(questions)} questions, {len(answerable)} answerable: {dict(Counter(q['kind'] for q in questions))}")
    print(f"answerable by language: {dict(Counter(q['lang'] for q in answerable))}")
    print(f"answerable by format: {dict(sorted(formats.items()))}")
    print(f"follow-ups: {' '.join(q['id'] for q in questions if 'history' in q)}")
    print(f"no rare word shared with the gold: {len(apart)} of {len(answerable)} ({len(apart) / len(answerable):.0%})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
