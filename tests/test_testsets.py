"""Sets are read in both layouts; whatever is wrong with a line is one error that names it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragcli.errors import MissingError, RagcliError, UsageError
from ragcli.testsets import Gold, Row, read_claims, read_set, rows
from ragcli.types import Role, Turn
from tests.testsets_made import beir, files, write_lines


def test_a_beir_folder_has_rows_questions_and_grades(tmp_path: Path) -> None:
    test = read_set(beir(tmp_path / "light"))
    assert (test.name, test.files) == ("light", None)
    assert test.corpus is not None
    assert [row.id for row in rows(test.corpus)] == ["keeper", "storm", "oil"]
    one, two, three = test.questions
    assert one.golds == (Gold("storm", "1893", (17, 21)),)
    assert dict(two.grades) == {"oil": 2, "storm": 0}
    assert two.relevant == ["oil"]
    assert (three.answerable, three.relevant) == (False, [])


def test_judgements_of_a_split_bring_only_their_own_questions(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq2\toil\t1\n", "utf-8")
    (folder / "qrels.train.tsv").write_text("q1\t0\tstorm\t1\n", "utf-8")
    assert [question.id for question in read_set(folder).questions] == ["q2"]
    assert [question.id for question in read_set(folder, "test").questions] == ["q2"]
    assert [question.relevant for question in read_set(folder, "train").questions] == [["storm"]]


def test_a_split_is_else_that_of_the_questions(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "q.jsonl", [{"id": n, "question": "why?", "split": s} for n, s in ((1, "a"), (2, "b"))]
    )
    assert [question.id for question in read_set(path, "b").questions] == ["2"]
    with pytest.raises(UsageError, match="no question of the split 'c'"):
        read_set(path, "c")


def test_a_folder_with_questions_has_its_files_in_docs_or_beside_them(tmp_path: Path) -> None:
    test = read_set(files(tmp_path))
    assert test.files == tmp_path / "docs"
    assert test.questions[1].history == (
        Turn(Role.USER, "How did the paraffin come?"),
        Turn(Role.ASSISTANT, "By boat, in barrels."),
    )
    assert test.questions[1].relevant == ["light/oil.md"]
    (tmp_path / "docs").rename(tmp_path / "papers")
    assert read_set(tmp_path).files == tmp_path


def test_a_file_of_questions_has_no_documents_of_its_own(tmp_path: Path) -> None:
    test = read_set(files(tmp_path) / "questions.jsonl")
    assert (test.name, test.files, test.corpus) == ("questions", None, None)


def test_turns_may_name_their_speaker(tmp_path: Path) -> None:
    said = [{"speaker": "user", "text": "Who?"}, {"speaker": "agent", "text": "The keeper."}]
    path = write_lines(tmp_path / "q.jsonl", [{"id": "a", "text": "Why?", "history": said}])
    assert read_set(path).questions[0].history == (Turn(Role.USER, "Who?"), Turn(Role.ASSISTANT, "The keeper."))


def test_a_line_separator_in_a_text_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"_id": 7, "text": "one\u2028two"}\n\n', "utf-8")
    assert list(rows(path)) == [Row("7", "", "one\u2028two")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"question": "why?"}', "no 'id'"),
        ('{"id": "a\\tb", "question": "why?"}', "no 'id'"),
        ('{"id": true, "question": "why?"}', "no 'id'"),
        ('{"id": "first", "question": "why?"}', "stands twice"),
        ('{"id": "a"}', "'text' is not a text"),
        ('{"id": "a", "question": " "}', "'question' is not a text"),
        ('{"id": "a", "question": "why?", "answers": 3}', "'answers' is not a list"),
        ('{"id": "a", "question": "why?", "answers": [3]}', "'answers' is not a text"),
        ('{"id": "a", "question": "why?", "answerable": "no"}', "'answerable' is not true or false"),
        ('{"id": "a", "question": "why?", "gold": ["x"]}', "a gold passage is not"),
        ('{"id": "a", "question": "why?", "gold": [{"text": "x"}]}', "'doc' is not a text"),
        ('{"id": "a", "question": "why?", "gold": [{"file": "x"}]}', "neither 'text' nor"),
        ('{"id": "a", "question": "why?", "gold": [{"file": "x", "start": 4, "end": 4}]}', "0 <= start < end"),
        ('{"id": "a", "question": "why?", "gold": [{"file": "x", "start": 0, "end": 1e9}]}', "0 <= start < end"),
        ('{"id": "a", "question": "why?", "history": [{"text": "x"}]}', "a turn of 'history'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "first", "question": "why?"}\n' + line + "\n", "utf-8")
    with pytest.raises(UsageError, match=r"questions\.jsonl:2: ") as caught:
        read_set(path)
    assert told in caught.value.message


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b'{"id": "\xff", "question": "why?"}\n')
    with pytest.raises(UsageError, match=r"questions\.jsonl:1: not UTF-8"):
        read_set(path)


@pytest.mark.parametrize("line", ["q1 storm 1", "q1\tstorm\tmuch", "q1\tstorm\t1\t2\t3", "q1\tstorm\t9999999"])
def test_a_bad_judgement_is_named(tmp_path: Path, line: str) -> None:
    folder = beir(tmp_path)
    (folder / "qrels.tsv").write_text(f"q1\tstorm\t1\n{line}\n", "utf-8")
    with pytest.raises(UsageError, match=r"qrels\.tsv:2: "):
        read_set(folder)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file or folder"):
        read_set(tmp_path / "nowhere")
    with pytest.raises(MissingError, match=r"holds neither corpus\.jsonl nor questions\.jsonl"):
        read_set(tmp_path)
    with pytest.raises(MissingError, match="no such file"):
        read_claims(tmp_path)
    with pytest.raises(UsageError, match="no question"):
        read_set(write_lines(tmp_path / "empty.jsonl", []))


def test_a_lone_surrogate_becomes_one_character(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"id": "a", "question": "wh\\ud800?"}\n', "utf-8")
    assert read_set(path).questions[0].text == "wh\ufffd?"


def test_claims_have_evidence_and_a_label(tmp_path: Path) -> None:
    claim = {"id": 1, "claim": "Oil came by boat.", "evidence": ["Paraffin came by boat.", ""], "label": "supported"}
    write_lines(tmp_path / "claims.jsonl", [claim, claim | {"id": 2, "split": "dev"}])
    assert [each.evidence for each in read_claims(tmp_path)] == [("Paraffin came by boat.", "")] * 2
    assert [each.id for each in read_claims(tmp_path / "claims.jsonl", "dev")] == ["2"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("file", "doc", "text", "start", "end", "question", "answer", "speaker")), inner
        )
    ),
    max_leaves=8,
)
KEYS = ("id", "_id", "question", "text", "answers", "gold", "evidence", "answerable", "split", "history")


@settings(max_examples=40)
@given(record=st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_record_is_anything_but_a_question_or_an_error(
    record: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_lines(tmp_path_factory.getbasetemp() / "any.jsonl", [record])
    with contextlib.suppress(RagcliError):
        (question,) = read_set(path).questions
        assert question.text.strip()
        assert question.id
