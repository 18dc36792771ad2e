"""Weights are chosen on an index where others are truly better, left where chance decides, and kept in the index."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ragcli import tuning
from ragcli.ask import find
from ragcli.embedders.hashing import Hashing
from ragcli.errors import DamagedIndex, MissingError, UsageError
from ragcli.index import Index
from ragcli.rebuild import rebuild
from ragcli.retrieve import retrieve
from ragcli.testsets import Gold, Question
from ragcli.trial import Case, case_of
from ragcli.tune import LEAST, balanced, keep, tune
from ragcli.tuning import DEFAULT, Tuning
from tests.library import fill, ingested, opened

if TYPE_CHECKING:
    from ragcli.protocols import Vectors

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "kelp", "larch")
COUNT = 30


class Misled(Hashing):
    """Reads every question as if it asked for the next thing: by meaning, the wrong passage is the nearest."""

    def query(self, text: str) -> Vectors:
        return super().query(next((after for known, after in ASKED.items() if known == text), text))


def named(number: int) -> str:
    return f"{WORDS[number % 12]}{WORDS[number // 12]}"


def passage(number: int) -> str:
    """Two sentences of words that no other passage has."""
    own = [f"{WORDS[(number + at) % 12]}{end}{named(number)}" for at, end in enumerate("abcdefgh")]
    return f"{gold(number)} {' '.join(own)}."


def gold(number: int) -> str:
    return f"{named(number)} cost{named(number)} {number + 100}."


def question(number: int) -> str:
    return f"what is {named(number)}"


ASKED = {question(number): passage((number + 1) % COUNT) for number in range(COUNT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tune")
    fill(root, **{named(number): passage(number) for number in range(COUNT)})
    ingested(root)
    return root


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    with opened(folder, Misled(64), write=False) as index:
        yield index


def cases(index: Index, right: list[int]) -> list[Case]:
    """A question a passage, whose gold one is that of the number in `right`."""
    made = []
    for number, other in enumerate(right):
        uri = f"{named(other)}.md"
        golds = (Gold(uri, gold(other)),)
        asked = Question(f"q{number}", question(number), golds=golds, grades=((uri, 1),))
        made.append(case_of(asked, {uri: uri}, index))
    return made


def test_an_index_whose_embedder_misleads_gives_words_more_say(index: Index) -> None:
    steps: list[str] = []
    tuned, weighed = tune(cases(index, list(range(COUNT))), index, step=lambda label, *_: steps.append(label))
    dense = weighed[0]
    assert [each.name for each in weighed] == ["dense", "document", "rerank", "likeness", "enough"]
    assert tuned.dense == dense.value < DEFAULT.dense
    assert dense.held is not None
    assert dense.held.value > dense.held.change.before
    assert dense.held.change.questions == COUNT
    assert {"searching", "weighing dense", "reading", "judging"} <= set(steps)
    before = [retrieve(question(number), index, k=1)[0].snippet.uri for number in range(COUNT)]
    index.tuning = tuned
    after = [retrieve(question(number), index, k=1)[0].snippet.uri for number in range(COUNT)]
    hits = [sum(uri == f"{named(at)}.md" for at, uri in enumerate(found)) for found in (before, after)]
    assert hits[0] < hits[1]


def test_where_the_answers_are_anywhere_nothing_is_changed(index: Index) -> None:
    right = list(range(COUNT))
    random.Random(3).shuffle(right)
    index.tuning = Tuning(dense=0.3)
    tuned, weighed = tune(cases(index, right), index)
    assert tuned == Tuning(dense=0.3)
    assert all(each.value == each.before for each in weighed)


def test_few_questions_are_refused(index: Index) -> None:
    with pytest.raises(UsageError, match=f"29 questions name .* {LEAST} is the least"):
        tune(cases(index, list(range(29))), index)


def test_without_gold_passages_documents_count_and_sentences_are_left(index: Index) -> None:
    bare = [Case(case.question, case.grades, ()) for case in cases(index, list(range(COUNT)))]
    tuned, weighed = tune(bare, index)
    assert tuned.dense < DEFAULT.dense
    assert (weighed[3].held, weighed[3].note) == (None, "no gold passages")


def test_questions_without_an_answer_set_the_least_evidence(folder: Path) -> None:
    with opened(folder, write=False) as index:
        index.tuning = Tuning(enough=0.0)
        odd = [Case(Question(f"n{at}", f"who painted wall {at}", answerable=False), {}, ()) for at in range(12)]
        tuned, weighed = tune([*cases(index, list(range(COUNT))), *odd], index)
        assert weighed[-1].value == tuned.enough
        assert tuned.enough > 0.0
        index.tuning = tuned
        assert sum(find(case.question.text, index=index)[1].enough for case in odd) < 12
        answered = sum(find(question(at), index=index)[1].enough for at in range(COUNT))
        assert answered >= 0.95 * COUNT


def test_both_kinds_count_alike_however_many_there_are() -> None:
    assert balanced([(True, True)] * 9 + [(False, True)]) == 0.5
    assert balanced([(True, True), (False, False)]) == balanced([(True, True)]) == 1.0


def test_what_is_kept_is_what_every_reader_finds(tmp_path: Path) -> None:
    fill(tmp_path, a=passage(1), b=passage(2))
    ingested(tmp_path)
    tuned = Tuning(dense=0.3, enough=0.25)
    with opened(tmp_path, write=False) as index:
        pins = index.store.pins()
        assert pins is not None
        keep(index.folder, tuned, pins.fingerprint)
    with opened(tmp_path, write=False) as index:
        assert index.tuning == tuned
        with pytest.raises(DamagedIndex, match="another embedder"):
            keep(index.folder, DEFAULT, "another")
    rebuild(tmp_path / ".ragcli")
    with opened(tmp_path, write=False) as index:
        assert index.tuning == tuned
    keep(tmp_path / ".ragcli", DEFAULT)
    with opened(tmp_path, write=False) as index:
        assert index.tuning == DEFAULT


def test_another_embedder_drops_the_weights(tmp_path: Path) -> None:
    fill(tmp_path, a=passage(1))
    ingested(tmp_path)
    keep(tmp_path / ".ragcli", Tuning(dense=0.3))
    rebuild(tmp_path / ".ragcli", Hashing(64), name="hashing:64")
    with opened(tmp_path, write=False) as index:
        assert index.tuning == Tuning(dense=0.3)
    rebuild(tmp_path / ".ragcli", Hashing(32), name="hashing:32")
    with opened(tmp_path, Hashing(32), write=False) as index:
        assert index.tuning == DEFAULT


def test_no_index_is_made_by_keeping(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        keep(tmp_path / ".ragcli", DEFAULT)
    assert not (tmp_path / ".ragcli").exists()


def test_a_damaged_record_stops_a_search_with_the_mend(tmp_path: Path) -> None:
    fill(tmp_path, a=passage(1))
    ingested(tmp_path)
    with opened(tmp_path) as index:
        index.store.set_meta(tuning.KEY, '{"dense": 7}')
    with opened(tmp_path, write=False) as index, pytest.raises(DamagedIndex) as raised:
        retrieve("price", index)
    assert raised.value.hint == "ragcli tune --reset"
