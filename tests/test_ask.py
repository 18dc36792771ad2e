from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from ragcli import backends, models
from ragcli.ask import ask, ask_plainly
from ragcli.errors import UsageError
from ragcli.index import Index, open_index
from ragcli.ingest import ingest
from ragcli.protocols import Embedder
from ragcli.runtime.scripted import ScriptedRuntime
from ragcli.tokens import count
from ragcli.types import (
    Answer,
    CitationMode,
    Finish,
    Outcome,
    Piece,
    Prompt,
    Role,
    Sampling,
    Segment,
    SupportStatus,
    Turn,
)
from tests.library import PARAGRAPHS, fill

QUESTION = "How long did one barrel of paraffin last?"
HEAD = "Relevant Documents: 0\nCited Documents: 0\n"


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    """The real default model: evidence is calibrated on its vectors."""
    embedder: Embedder = backends.create("embedder", models.choose("", bulk=False))
    return embedder


@contextmanager
def indexed(root: Path, embedder: Embedder) -> Iterator[Index]:
    with open_index(root / ".ragcli", embedder, name="minilm", write=True) as index:
        ingest([root], index)
        yield index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, minilm: Embedder) -> Iterator[Index]:
    root = tmp_path_factory.mktemp("docs")
    fill(root, keeper=PARAGRAPHS[0], storm=PARAGRAPHS[1], oil=PARAGRAPHS[2])
    with indexed(root, minilm) as index:
        yield index


def extractive(index: Index) -> object:
    return backends.create("runtime", "extractive", embedder=index.embedder, idf=index.idf)


class Recorder(ScriptedRuntime):
    """A scripted runtime that remembers its prompts."""

    def __init__(self, completions: Sequence[str]) -> None:
        super().__init__(completions)
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[object]:  # type: ignore[override]
        self.prompts.append(prompt)
        return super().stream(prompt, sampling)


def check_spans(answer: Answer, index: Index) -> None:
    for citation in answer.citations:
        assert answer.text[citation.start : citation.end] == citation.text
        for source in citation.sources:
            document = index.store.document(source.snippet.uri)
            assert document is not None
            quote = document.text[source.support.start : source.support.end]
            assert quote == source.snippet.text[source.support.start - source.snippet.start :][: len(quote)]


@pytest.mark.parametrize("mode", [CitationMode.ACCURATE, CitationMode.FAST])
def test_the_answer_is_a_sentence_of_the_file_that_it_cites(index: Index, mode: CitationMode) -> None:
    answer = ask(QUESTION, index=index, runtime=extractive(index), mode=mode)  # type: ignore[arg-type]
    assert answer.outcome is Outcome.ANSWERED
    assert "forty days" in answer.text
    (source, *_) = answer.citations[0].sources
    assert source.snippet.uri == "oil.md"
    assert source.support.status is SupportStatus.SUPPORTED
    assert " ".join(PARAGRAPHS[2][source.support.start : source.support.end].split()) == answer.citations[0].text
    check_spans(answer, index)


def test_without_evidence_no_runtime_is_called(index: Index) -> None:
    runtime = Recorder([HEAD + "Answer: x\nGrounded answer: x"])
    answer = ask("Who composed the opera about Voyager Zebulon?", index=index, runtime=runtime)  # type: ignore[arg-type]
    assert answer.outcome is Outcome.NO_EVIDENCE
    assert (answer.text, answer.citations, runtime.prompts) == ("", (), [])
    assert answer.evidence.reason


def test_an_empty_index_has_no_evidence(tmp_path: Path, minilm: Embedder) -> None:
    with indexed(tmp_path, minilm) as index:
        answer = ask(QUESTION, index=index, runtime=ScriptedRuntime([]))
    assert answer.outcome is Outcome.NO_EVIDENCE
    assert answer.hits == ()


def test_a_model_that_cites_nothing_has_declined(index: Index) -> None:
    completion = (
        "Relevant Documents: None\nCited Documents: None\nAnswer: I do not know.\nGrounded answer: I do not know."
    )
    answer = ask(QUESTION, index=index, runtime=ScriptedRuntime([completion]))
    assert answer.outcome is Outcome.DECLINED
    assert answer.text == "I do not know."


def test_an_answer_without_tags_is_uncited(index: Index) -> None:
    answer = ask(
        QUESTION, index=index, runtime=ScriptedRuntime([HEAD + "Answer: Forty days.\nGrounded answer: Forty days."])
    )
    assert answer.outcome is Outcome.UNCITED


def test_a_claim_that_the_source_does_not_carry_is_unsupported(index: Index) -> None:
    completion = HEAD + "Grounded answer: <co: 0>The whale sang opera for 77 years.</co: 0>"
    answer = ask(QUESTION, index=index, runtime=ScriptedRuntime([completion]), mode=CitationMode.FAST)
    assert answer.citations[0].sources[0].support.status is SupportStatus.UNSUPPORTED
    check_spans(answer, index)


def test_a_number_that_is_in_no_prompt_is_dropped_and_said(index: Index) -> None:
    completion = HEAD + "Grounded answer: <co: 9>Forty days.</co: 9>"
    answer = ask(QUESTION, index=index, runtime=ScriptedRuntime([completion]), mode=CitationMode.FAST)
    assert answer.citations == ()
    assert "bad_doc" in {warning.code for warning in answer.warnings}


def test_what_is_shown_while_it_comes_is_the_answer(index: Index) -> None:
    shown: list[str] = []
    text = "It lasted <co: 0>about forty days</co: 0>."
    completion = f"{HEAD}Answer: It lasted about forty days.\nGrounded answer: {text}"
    answer = ask(QUESTION, index=index, runtime=ScriptedRuntime([completion], 3), on_text=shown.append)
    assert "".join(shown).strip() == answer.text == "It lasted about forty days."
    assert not any("<" in piece for piece in shown)


def test_the_prompt_numbers_the_hits_in_order(index: Index) -> None:
    runtime = Recorder([HEAD + "Grounded answer: <co: 0>x</co: 0>"])
    answer = ask(QUESTION, index=index, runtime=runtime, mode=CitationMode.FAST)  # type: ignore[arg-type]
    assert [snippet.id for snippet in runtime.prompts[0].snippets] == [hit.snippet.id for hit in answer.hits]


def test_a_follow_up_is_retrieved_with_the_turns_before_and_read_with_the_question_it_points_to(index: Index) -> None:
    history = [Turn(Role.USER, QUESTION), Turn(Role.ASSISTANT, "About forty days.")]
    runtime = Recorder([HEAD + "Grounded answer: <co: 0>x</co: 0>"])
    answer = ask("And how did it come?", index=index, runtime=runtime, mode=CitationMode.FAST, history=history)  # type: ignore[arg-type]
    assert answer.question == "And how did it come?"
    assert answer.hits[0].snippet.uri == "oil.md"
    (prompt,) = runtime.prompts
    assert prompt.question == "did one barrel of paraffin last?\nAnd how did it come?"
    texts = [segment.text for segment in prompt.segments if not segment.trusted]
    assert texts[:3] == [QUESTION, "About forty days.", "And how did it come?"]


class Interrupted(ScriptedRuntime):
    """Ctrl-C comes after the first pieces."""

    def __init__(self, completion: str, pieces: int) -> None:
        super().__init__([completion], 1)
        self.left = pieces

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        for piece in super().stream(prompt, sampling):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield piece


def test_a_stopped_answer_is_what_was_said_with_its_citations(index: Index) -> None:
    completion = HEAD + "Grounded answer: <co: 0>One barrel lasted about forty days.</co: 0> More was"
    runtime = Interrupted(completion + " never said.", len(completion))
    answer = ask(QUESTION, index=index, runtime=runtime, mode=CitationMode.FAST, stoppable=True)
    assert answer.finish is Finish.CANCELLED
    assert answer.text == "One barrel lasted about forty days. More was"
    assert answer.citations[0].text == "One barrel lasted about forty days."
    check_spans(answer, index)


def test_an_interrupt_is_raised_unless_the_answer_may_be_stopped(index: Index) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(QUESTION, index=index, runtime=Interrupted(HEAD, 3))


def test_an_interrupt_is_raised_as_long_as_nothing_was_said(index: Index) -> None:
    with pytest.raises(KeyboardInterrupt):
        ask(QUESTION, index=index, runtime=Interrupted(HEAD, 3), stoppable=True)


def test_a_file_that_documents_the_citation_format_is_quoted_as_it_is(tmp_path: Path, minilm: Embedder) -> None:
    line = "The marker <co: 0> opens a citation and Grounded answer: starts the last part."
    fill(tmp_path, a=f"About markers.\n\n{line}\n")
    with indexed(tmp_path, minilm) as index:
        answer = ask("What does the marker <co: 0> open?", index=index, runtime=extractive(index))  # type: ignore[arg-type]
        check_spans(answer, index)
    assert line in answer.text
    assert answer.outcome is Outcome.ANSWERED


class Sure(ScriptedRuntime):
    """Gives odds with its first pieces."""

    odds: tuple[float, ...] = ()

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Piece]:
        odds = iter(self.odds)
        for piece in super().stream(prompt, sampling):
            yield replace(piece, confidences=tuple(islice(odds, 1)))


@pytest.mark.parametrize(
    ("odds", "expected"), [((0.75, 0.5), [0.75, 0.5]), ((0.75,), [None, None]), ((), [None, None])]
)
def test_a_citation_has_the_odds_of_its_opening_where_all_are_known(
    index: Index, odds: tuple[float, ...], expected: list[float | None]
) -> None:
    grounded = "<co: 0>One barrel</co: 0> lasted <co: 0>about forty days</co: 0>."
    runtime = Sure([f"{HEAD}Answer: One barrel lasted about forty days.\nGrounded answer: {grounded}"])
    runtime.odds = odds
    answer = ask(QUESTION, index=index, runtime=runtime)
    assert [citation.confidence for citation in answer.citations] == expected


class Narrow(Recorder):
    """A scripted runtime whose context takes so many words."""

    def __init__(self, completions: Sequence[str], context_tokens: int) -> None:
        super().__init__(completions)
        self.context_tokens = context_tokens


GROUNDED = HEAD + "Grounded answer: <co: 0>About forty days.</co: 0>"
ENDING = "document 0.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"


def test_hits_that_find_no_room_are_dropped_whole_from_the_lowest_rank_and_said(index: Index) -> None:
    whole = Recorder([GROUNDED])
    wide = ask(QUESTION, index=index, runtime=whole, mode=CitationMode.FAST, sampling=Sampling(50))  # type: ignore[arg-type]
    assert (len(wide.hits), wide.dropped) == (3, ())
    tokens = count(whole.prompts[0], whole.count_tokens)
    narrow = Narrow([GROUNDED], tokens + 50 - 1)
    answer = ask(QUESTION, index=index, runtime=narrow, mode=CitationMode.FAST, sampling=Sampling(50))  # type: ignore[arg-type]
    assert (answer.hits, answer.dropped) == (wide.hits[:2], wide.hits[2:])
    assert answer.outcome is Outcome.ANSWERED
    assert [warning.code for warning in answer.warnings] == ["no_room"]
    assert answer.warnings[0].detail == f"1 of 3 documents: {tokens + 49:,} tokens in all"
    (prompt,) = narrow.prompts
    assert prompt.snippets == tuple(hit.snippet for hit in wide.hits[:2])
    assert "".join(segment.text for segment in prompt.segments).endswith(ENDING)
    check_spans(answer, index)


def test_a_context_without_room_for_one_document_is_an_error(index: Index) -> None:
    with pytest.raises(UsageError, match="there is room for 50"):
        ask(QUESTION, index=index, runtime=Narrow([GROUNDED], 100), sampling=Sampling(50))  # type: ignore[arg-type]


def test_a_preamble_is_in_the_prompt_in_place_of_coheres(index: Index) -> None:
    runtime = Recorder([GROUNDED])
    ask(QUESTION, index=index, runtime=runtime, mode=CitationMode.FAST, preamble="Speak as a pirate.")  # type: ignore[arg-type]
    assert Segment("Speak as a pirate.", False) in runtime.prompts[0].segments
    assert "wide-ranging" not in "".join(segment.text for segment in runtime.prompts[0].segments)


def test_without_documents_the_completion_is_the_answer_as_it_is() -> None:
    shown: list[str] = []
    runtime = Recorder([" Tags look like <co: 0>this</co: 0>.\nAnswer: yes \n"])
    history = [Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b")]
    answer = ask_plainly("How?", runtime=runtime, history=history, preamble="P.", on_text=shown.append)  # type: ignore[arg-type]
    assert answer.text == "Tags look like <co: 0>this</co: 0>.\nAnswer: yes" == "".join(shown).rstrip()
    assert (answer.outcome, answer.citations, answer.hits) == (Outcome.UNCITED, (), ())
    assert not answer.evidence.enough
    (prompt,) = runtime.prompts
    assert (prompt.template, prompt.snippets) == ("default", ())
    assert [segment.text for segment in prompt.segments if not segment.trusted] == ["P.", "a", "b", "How?"]
    assert answer.usage.completion_tokens > 0


def test_a_model_that_says_nothing_without_documents_has_declined() -> None:
    answer = ask_plainly("How?", runtime=ScriptedRuntime([" \n"]))
    assert (answer.outcome, answer.text) == (Outcome.DECLINED, "")


def test_a_plain_question_that_leaves_no_room_is_an_error() -> None:
    with pytest.raises(UsageError, match="with 0 of its documents; there is room for 1"):
        ask_plainly("How do you do?", runtime=Narrow([], 51), sampling=Sampling(50))  # type: ignore[arg-type]
