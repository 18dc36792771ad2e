"""Each kind of trial on a small real index: what is found, said, cited and declined is what the measures count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli import backends, trial
from ragcli.evidence import ENOUGH
from ragcli.index import Index
from ragcli.measures import measure
from ragcli.reports import Trial
from ragcli.testsets import Claim, Gold, Question, read_set
from ragcli.trial import Asker, Search
from ragcli.types import Outcome, SearchMode
from tests.library import fill, ingested, opened
from tests.testsets_made import KEEPER, OIL, files

PLACES = {f"light/{name}.md": f"light/{name}.md" for name in ("keeper", "oil", "storm")}
COUNTED = (measure("nDCG@10"), measure("Success@1"))
PLAIN = backends.create("reranker", "none")
SEARCH = Search(COUNTED, {}, PLAIN, SearchMode.LEXICAL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = files(tmp_path_factory.mktemp("trial"))
    ingested(root / "docs")
    return root


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    with opened(folder / "docs", write=False) as index:
        yield index


@pytest.fixture
def questions(folder: Path) -> tuple[Question, ...]:
    return read_set(folder).questions


def asker(index: Index, enough: float = ENOUGH) -> Asker:
    runtime = backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)
    return Asker(index, 5, runtime, enough=enough)


def answered(case: trial.Case, how: Asker) -> Trial:
    return trial.answer(case, trial.asked(case, how), how.index.idf)


@pytest.mark.parametrize(
    ("gold", "span"),
    [
        (Gold("a", "b c", (2, 5)), (2, 5)),
        (Gold("a", "", (2, 5)), (2, 5)),
        (Gold("a", "b\n  c", (0, 3)), (2, 5)),
        (Gold("a", "b-c d"), (2, 7)),
        (Gold("a", "b c", (2, 99)), (2, 5)),
        (Gold("a", "z"), None),
        (Gold("a", " - "), None),
    ],
)
def test_a_gold_passage_is_placed_as_stated_or_by_its_letters(gold: Gold, span: tuple[int, int] | None) -> None:
    assert trial.place(gold, "a b c\nd") == span


def test_a_ranking_is_measured_and_the_gold_counted(index: Index, questions: tuple[Question, ...]) -> None:
    case = trial.case_of(questions[0], PLACES, index)
    found = trial.retrieval(case, index, SEARCH)
    assert dict(found.values) == {
        "nDCG@10": 1, "Success@1": 1, "Gold@1": 1, "Gold@5": 1, "GoldR@1000w": 1,
        "GoldP@1000w": found.values["GoldIoU@1000w"], "GoldIoU@1000w": found.values["GoldP@1000w"],
    }  # fmt: skip
    document = index.store.document("light/storm.md")
    assert document is not None
    assert 0 < found.values["GoldP@1000w"] <= len("In the winter of 1893") / len(document.text.strip())
    assert found.shown["ranking"][0][0] == "light/storm.md"


def test_what_is_not_in_the_index_is_never_found(index: Index) -> None:
    question = Question("a", "the keeper of the lamp", golds=(Gold("x.md", "a"),), grades=(("x.md", 1),))
    case = trial.case_of(question, PLACES, index)
    assert case.lost == question.golds
    values = trial.retrieval(case, index, SEARCH).values
    assert set(values.values()) == {0.0}


def test_a_document_that_is_folded_into_its_copy_is_found_with_it(tmp_path: Path) -> None:
    fill(tmp_path, a=KEEPER, b=KEEPER, c=OIL)
    ingested(tmp_path)
    question = Question("q", "the keeper of the lamp", golds=(Gold("b.md", "keeper"),), grades=(("b.md", 1),))
    with opened(tmp_path, write=False) as index:
        found = trial.retrieval(trial.case_of(question, {"b.md": "b.md"}, index), index, SEARCH)
    assert found.shown["ranking"][:2] == [("a.md", 1.0), ("b.md", 0.5)]
    assert (found.values["Success@1"], found.values["Gold@1"]) == (0, 1)


def test_a_follow_up_is_asked_after_its_turns_or_without_them(index: Index, questions: tuple[Question, ...]) -> None:
    case = trial.case_of(questions[1], PLACES, index)
    alone = trial.retrieval(case, index, Search(COUNTED, {}, PLAIN, history=False))
    after = trial.retrieval(case, index, Search(COUNTED, {}, PLAIN))
    assert alone.shown["ranking"] != after.shown["ranking"]
    assert after.values["Success@1"] == 1


def test_an_answer_is_held_against_the_gold_one(index: Index, questions: tuple[Question, ...]) -> None:
    found = answered(trial.case_of(questions[0], PLACES, index), asker(index, enough=0.0))
    assert found.shown["outcome"] == Outcome.ANSWERED
    assert "1893" in found.shown["answer"]
    values = found.values
    assert (values["Answered"], values["Contained"], values["Gold"], values["GoldR"]) == (1, 1, 1, 1)
    assert (values["CiteR"], values["CiteP"], values["EM"]) == (1, 1, 0)
    assert values["Words"] == len(found.shown["answer"].split())
    quotes = sum(quote["end"] - quote["start"] for quote in found.shown["quotes"])
    assert values["GoldP"] == pytest.approx(len("In the winter of 1893") / quotes)


def test_the_best_sentence_of_the_gold_passages_snippet_is_judged_alone(
    index: Index, questions: tuple[Question, ...]
) -> None:
    case = trial.case_of(questions[0], PLACES, index)
    assert trial.reading(case, index) == {"Sentence@1": 1}
    title = Question("t", questions[0].text, golds=(Gold("light/storm.md", "Storm"),), grades=(("light/storm.md", 1),))
    assert trial.reading(trial.case_of(title, PLACES, index), index) == {"Sentence@1": 0}
    assert trial.reading(trial.case_of(questions[2], PLACES, index), index) == {}


def test_what_was_not_answered_counts_as_nothing_found(index: Index, questions: tuple[Question, ...]) -> None:
    found = answered(trial.case_of(questions[0], PLACES, index), asker(index, enough=1.1))
    assert found.shown["outcome"] == Outcome.NO_EVIDENCE
    assert set(found.values.values()) == {0.0}
    assert "Words" not in found.values


def test_an_unanswerable_question_is_to_be_declined(index: Index, questions: tuple[Question, ...]) -> None:
    case = trial.case_of(questions[2], PLACES, index)
    assert answered(case, asker(index, enough=1.1)).values == {"Declined": 1.0}
    assert answered(case, asker(index, enough=0.0)).values == {"Declined": 0.0}


def test_evidence_is_asked_again_without_the_gold_documents(index: Index, questions: tuple[Question, ...]) -> None:
    case = trial.case_of(questions[0], PLACES, index)
    there = trial.evidence_of(case, asker(index))
    gone = trial.evidence_of(case, asker(index), without_gold=True)
    assert (there.positive, gone.positive) == (True, False)
    assert there.score is not None
    assert gone.score is not None
    assert there.score > gone.score
    assert (list(there.values), list(gone.values), gone.id) == (["Answered"], ["Declined"], "q1 without gold")


def test_a_claim_is_scored_by_its_evidence(index: Index) -> None:
    claim = Claim("c", "A storm broke four panes.", ("In 1893 a storm broke four panes of the lantern.",), "supported")
    good = trial.support(claim, index.idf, None)
    other = trial.support(Claim("d", claim.text, ("Paraffin came by boat.",), "unsupported"), index.idf, None)
    assert good.score is not None
    assert other.score is not None
    assert good.score > other.score
    assert (good.positive, good.values) == (True, {"Accepted": 1.0})
    assert (other.positive, other.values) == (False, {"Refused": 1.0})
