"""Check questions.jsonl against the files: gold texts, offsets, counts, languages, rare words."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2
import snowballstemmer
from selectolax.lexbor import LexborHTMLParser

HERE = Path(__file__).resolve().parent
DOCS = HERE / "docs"
KINDS = set("factoid numeric date procedure cause list comparison definition table cross-language unanswerable".split())
LANGUAGES = {"en": "english", "de": "german", "el": "greek"}
RARE_FILES = 5
"""A word is rare when its Snowball stem, in the question's language, is in at most this many files."""

Question = dict[str, Any]


def pages_of(path: Path) -> list[str]:
    """The text of a file, page by page; one page unless it is a PDF."""
    if path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as pdf:
            return [page.get_textpage().get_text_range().replace("\ufffe", "") for page in pdf]
    text = path.read_bytes().decode("utf-8")
    if path.suffix == ".html":
        body = LexborHTMLParser(text).body
        return [body.text(separator=" ") if body else ""]
    return [text]


def read_docs() -> dict[str, list[str]]:
    """Every file of the corpus by its path below docs/."""
    return {p.relative_to(DOCS).as_posix(): pages_of(p) for p in sorted(DOCS.rglob("*")) if p.is_file()}


def read_questions() -> list[Question]:
    """The rows of questions.jsonl."""
    return [json.loads(line) for line in (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def squeeze(text: str) -> str:
    """`text` without any white space."""
    return "".join(text.split())


def stems(text: str, lang: str) -> set[str]:
    """The Snowball stems of the words (letters or digits, two or more characters) of `text`."""
    words = re.findall(r"[^\W_]{2,}", text.casefold())
    return set(snowballstemmer.stemmer(LANGUAGES[lang]).stemWords(words))


def file_counts(docs: dict[str, list[str]], lang: str) -> Counter[str]:
    """In how many files each stem is."""
    return Counter(stem for pages in docs.values() for stem in stems(" ".join(pages), lang))


def shared_rare(question: Question, counts: Counter[str]) -> set[str]:
    """The rare stems that a question shares with any of its gold texts."""
    lang = question["lang"]
    gold = set().union(*(stems(entry["text"], lang) for entry in question["gold"]))
    return {stem for stem in stems(question["question"], lang) & gold if counts[stem] <= RARE_FILES}


def gold_faults(entry: dict[str, Any], docs: dict[str, list[str]]) -> list[str]:
    """What is wrong with one gold entry."""
    pages = docs.get(entry["file"])
    if pages is None:
        return [f"no such file: {entry['file']}"]
    if entry["file"].endswith((".md", ".txt")):
        if pages[0][entry["start"] : entry["end"]] != entry["text"]:
            return ["start and end do not give the text"]
        return [] if pages[0].count(entry["text"]) == 1 else ["the text is not unique"]
    if entry["start"] is not None or entry["end"] is not None:
        return ["html and pdf have no offsets"]
    number = entry["page"] if entry["file"].endswith(".pdf") else 1
    found = [index for index, page in enumerate(pages, 1) if squeeze(entry["text"]) in squeeze(page)]
    return [] if found == [number] else [f"text on pages {found}, not {number}"]


def question_faults(question: Question, docs: dict[str, list[str]], counts: Counter[str]) -> list[str]:
    """What is wrong with one question."""
    if question["lang"] not in LANGUAGES or question["kind"] not in KINDS:
        return ["unknown language or kind"]
    if question["kind"] == "unanswerable":
        wrong = question["gold"] or question["answers"] or question["answerable"] or question["rare_word_overlap"]
        return ["an unanswerable question has an answer"] if wrong else []
    faults = [fault for entry in question["gold"] for fault in gold_faults(entry, docs)]
    if not (question["gold"] and question["answers"] and question["answerable"]):
        faults.append("an answerable question lacks gold or answers")
    if bool(shared_rare(question, counts)) != question["rare_word_overlap"]:
        faults.append(f"rare_word_overlap is wrong: {sorted(shared_rare(question, counts))}")
    return faults


def count_faults(questions: list[Question]) -> list[str]:
    """What is wrong with the numbers of the set."""
    answerable = [q for q in questions if q["answerable"]]
    files = [{Path(entry["file"]).suffix for entry in q["gold"]} for q in answerable]
    languages = Counter(q["lang"] for q in answerable)
    apart = sum(not q["rare_word_overlap"] for q in answerable)
    wanted = {
        "40 questions with different ids": len({q["id"] for q in questions}) == len(questions) == 40,
        "30 answerable": len(answerable) == 30,
        "7 in German, 2 in Greek": (languages["de"], languages["el"]) == (7, 2),
        "2 to 4 on PDF files": 2 <= sum(".pdf" in kinds for kinds in files) <= 4,
        "3 or more on HTML files": sum(".html" in kinds for kinds in files) >= 3,
        "3 or more on tables": sum(q["kind"] == "table" for q in answerable) >= 3,
        "a third without a shared rare word": 3 * apart >= len(answerable),
    }
    return [f"not so: {claim}" for claim, holds in wanted.items() if not holds]


def find_faults() -> list[str]:
    """Everything wrong with the corpus, one line each; empty when all holds."""
    docs, questions = read_docs(), read_questions()
    counts = {lang: file_counts(docs, lang) for lang in LANGUAGES}
    faults = [
        f"{question['id']}: {fault}"
        for question in questions
        for fault in question_faults(question, docs, counts[question["lang"]])
    ]
    return faults + count_faults(questions)


def main() -> int:
    """Print the faults and the numbers; 1 when there is a fault."""
    faults, docs, questions = find_faults(), read_docs(), read_questions()
    for fault in faults:
        print(fault, file=sys.stderr)
    answerable = [q for q in questions if q["answerable"]]
    apart = [q["id"] for q in answerable if not q["rare_word_overlap"]]
    print(f"{len(docs)} files, {sum(len(' '.join(pages).split()) for pages in docs.values())} words")
    print(f"{len(questions)} questions, {len(answerable)} answerable: {dict(Counter(q['kind'] for q in questions))}")
    print(f"no rare word shared with the gold: {len(apart)} of {len(answerable)} ({len(apart) / len(answerable):.0%})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
