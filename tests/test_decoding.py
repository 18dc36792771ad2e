"""Two oracles: `citations.parse`, and `generate` with a processor that lets through what the grammar would choose."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from transformers import LogitsProcessor, LogitsProcessorList

from ragcli.citations import parse
from ragcli.decoding import CausalLM, KeptCache, Step, decode
from ragcli.errors import UsageError
from ragcli.grammar import Grammar
from ragcli.types import CitationMode, Completion, Finish, Sampling
from ragcli.writer import GroundedWriter
from tests import tinylm

ACCURATE, FAST, OFF = CitationMode.ACCURATE, CitationMode.FAST, CitationMode.OFF
ANSWER = "The tower of the harbour is 35 metres tall. It is penguin town, and keeps the light."
LISTS = "Relevant Documents: 0,1\nCited Documents: 0,1\n"
GROUNDED = (
    "The tower of the <co: 0>harbour is 35 metres</co: 0> tall. It is <co: 0,1>peng</co: 0,1>uin town, and "
    "<co: 1>keeps the light.</co: 1>"
)
WANTED = {
    ACCURATE: f"{LISTS}Answer: {ANSWER}\nGrounded answer: {GROUNDED}",
    FAST: f"{LISTS}Grounded answer: {GROUNDED}",
}
DOCUMENTS = 3


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def steps(
    model: CausalLM,
    mode: CitationMode | None,
    sampling: Sampling = Sampling(),
    *,
    documents: int = DOCUMENTS,
    prefix: KeptCache | None = None,
) -> list[Step]:
    grammar = None if mode is None else Grammar(mode, documents)
    ids = tinylm.prompt()
    return list(decode(model, ids, vocabulary=tinylm.vocabulary(), grammar=grammar, sampling=sampling, prefix=prefix))


def text(of: Sequence[Step]) -> str:
    return "".join(step.text for step in of)


def checked(written: str, mode: CitationMode, documents: int = DOCUMENTS) -> Completion:
    """The completion, well-formed: read without a repair, known documents only, the answer copied."""
    completion = parse(written, mode, documents)
    assert completion.warnings == ()
    assert completion.relevant is not None
    assert completion.cited is not None
    opened = re.findall(r"<co: ([\d,]+)>", written)
    assert [",".join(map(str, mark.numbers)) for mark in completion.marks] == opened
    allowed = completion.cited if mode is ACCURATE else tuple(range(documents))
    assert all(number in allowed for mark in completion.marks for number in mark.numbers)
    if mode is ACCURATE:
        answer = written[written.index("\nAnswer: ") + 9 : written.index("\nGrounded answer:")]
        assert re.sub(r"</?co: [\d,]+>", "", written[written.index("\nGrounded answer:") + 18 :]) == answer.rstrip()
        assert completion.text == answer.strip()
    return completion


class Plainly(LogitsProcessor):
    """Leaves one token a pass: the one a writer takes by these logits alone. No draft, nothing skipped."""

    def __init__(self, mode: CitationMode, sampling: Sampling) -> None:
        self.writer = GroundedWriter(tinylm.vocabulary(), sampling, Grammar(mode, DOCUMENTS))
        self.text = ""

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        token = self.writer.take(scores[0], int(scores[0].argmax()))
        self.text += self.writer.text()
        only = torch.full_like(scores, -math.inf)
        only[0, min(tinylm.vocabulary().ends) if token is None else token] = 0
        return only


def plainly(model: Any, mode: CitationMode, sampling: Sampling) -> Plainly:
    processor = Plainly(mode, sampling)
    model.generate(
        torch.tensor([tinylm.prompt()]),
        attention_mask=torch.ones(1, len(tinylm.prompt()), dtype=torch.long),
        logits_processor=LogitsProcessorList([processor]),
        max_new_tokens=sampling.max_tokens,
        do_sample=False,
    )
    return processor


@pytest.mark.parametrize("mode", [ACCURATE, FAST])
def test_a_model_that_behaves_is_let_through(mode: CitationMode) -> None:
    got = steps(tinylm.behaving(WANTED[mode]), mode)
    assert text(got) == WANTED[mode]
    assert [step.finish for step in got] == [None] * (len(got) - 1) + [Finish.STOP]
    assert [len(step.confidences) for step in got if step.confidences] == [1, 1, 1]
    assert text(steps(tinylm.behaving(WANTED[mode]), None)) == WANTED[mode]


def test_a_citation_takes_two_passes_and_one_for_each_number_that_was_not_guessed() -> None:
    got = steps(tinylm.behaving(WANTED[ACCURATE]), ACCURATE)
    start = next(at for at, step in enumerate(got) if "Grounded answer:" in text(got[: at + 1]))
    assert len(got) - start - 1 <= 2 * GROUNDED.count("<co:") + 3
    assert got[-1].passes == len(got)
    assert got[-1].tokens > 2 * got[-1].passes


def test_tokens_are_all_counted_and_the_last_one_is_the_end() -> None:
    got = steps(tinylm.behaving(WANTED[FAST]), FAST)
    plain = plainly(tinylm.behaving(WANTED[FAST]), FAST, Sampling())
    assert got[-1].tokens == plain.writer.tokens


@pytest.mark.parametrize("mode", [ACCURATE, FAST])
@pytest.mark.parametrize(("strength", "temperature"), [(0.0, 1.0), (6.0, 0.0), (6.0, 1.0)])
def test_the_text_is_that_of_plain_decoding_under_the_grammar(
    mode: CitationMode, strength: float, temperature: float
) -> None:
    """Also where the model half knows what it wants, and where chance decides."""
    model = tinylm.behaving(WANTED[mode], layers=1)
    model.strength = strength
    sampling = Sampling(max_tokens=120, temperature=temperature, seed=3)
    plain = plainly(model, mode, sampling)
    got = steps(model.tell(WANTED[mode], len(tinylm.prompt())), mode, sampling)
    assert text(got) == plain.text
    assert got[-1].tokens == plain.writer.tokens
    assert got[-1].passes <= got[-1].tokens


@pytest.mark.parametrize("mode", [ACCURATE, FAST])
@pytest.mark.parametrize("documents", [0, 1, 12])
def test_whatever_a_random_model_says_is_well_formed(mode: CitationMode, documents: int) -> None:
    for seed in range(2):
        model = tinylm.model(seed, layers=1)
        sampling = Sampling(max_tokens=105 + 20 * seed, temperature=1.0, seed=seed)
        got = steps(model, mode, sampling, documents=documents)
        assert got[-1].tokens <= sampling.max_tokens
        assert got[-1].finish is not None
        completion = checked(text(got), mode, documents)
        confidences = [odds for step in got for odds in step.confidences]
        assert len(confidences) == len(completion.marks)
        assert all(0 < odds <= 1.000001 for odds in confidences)


@pytest.mark.parametrize("strength", [8.0, 14.0])
def test_tags_of_a_model_that_half_behaves_are_well_formed_in_free_text(strength: float) -> None:
    marks = 0
    for seed in range(2):
        model = tinylm.behaving(WANTED[FAST], layers=1)
        model.strength = strength
        got = steps(model, FAST, Sampling(max_tokens=130, temperature=1.0, seed=seed))
        marks += len(checked(text(got), FAST).marks)
    assert marks


def test_off_ends_with_the_answer() -> None:
    got = steps(tinylm.behaving(WANTED[ACCURATE]), OFF)
    assert text(got) == WANTED[ACCURATE][: WANTED[ACCURATE].index("Grounded answer:") + 16]
    assert got[-1].finish is Finish.STOP
    completion = parse(text(got), OFF, DOCUMENTS)
    assert (completion.text, completion.warnings) == (ANSWER, ())


def test_an_end_within_a_citation_closes_it() -> None:
    wanted = f"{LISTS}Grounded answer: The <co: 1>tower"
    got = steps(tinylm.behaving(wanted), FAST)
    assert text(got) == f"{wanted}</co: 1>"
    assert got[-1].finish is Finish.STOP


def test_an_end_in_the_answer_leads_to_the_grounded_answer() -> None:
    got = steps(tinylm.behaving(f"{LISTS}Answer: The tower."), ACCURATE)
    assert text(got).startswith(f"{LISTS}Answer: The tower.\nGrounded answer:")
    checked(text(got), ACCURATE)


@pytest.mark.parametrize("mode", [ACCURATE, FAST])
def test_near_the_limit_the_completion_is_closed(mode: CitationMode) -> None:
    long = " ".join([ANSWER] * 4)
    wanted = f"{LISTS}Answer: {long}" if mode is ACCURATE else f"{LISTS}Grounded answer: A <co: 0>{long}</co: 0>"
    got = steps(tinylm.behaving(wanted), mode, Sampling(max_tokens=130))
    assert got[-1].finish is Finish.LENGTH
    assert got[-1].tokens <= 130
    assert long.startswith(checked(text(got), mode).text.removeprefix("A ")[:40])


def test_a_limit_below_the_shortest_completion_is_refused() -> None:
    with pytest.raises(UsageError, match="20 tokens are too few"):
        steps(tinylm.model(layers=1), FAST, Sampling(max_tokens=20))


def test_a_character_of_several_tokens_is_copied_and_cited_whole() -> None:
    answer = "Ужин 灯台の高さ 🐧 is é."
    grounded = "Ужин <co: 0>灯台</co: 0>の高さ <co: 1>🐧 is é.</co: 1>"
    wanted = f"{LISTS}Answer: {answer}\nGrounded answer: {grounded}"
    got = steps(tinylm.behaving(wanted), ACCURATE)
    assert text(got) == wanted
    assert "\ufffd" not in text(got)


def test_a_citation_carries_the_odds_of_its_opening() -> None:
    """Between the copy going on and the tag, with logits that are known."""
    model = tinylm.behaving(f"{LISTS}Answer: a b\nGrounded answer: a <co: 0>b</co: 0>")
    got = steps(model, ACCURATE)
    assert [odds for step in got for odds in step.confidences] == [pytest.approx(1.0)]

    class Torn(tinylm.Behaving):  # type: ignore[no-untyped-call]
        """Cannot say whether it wants " <" or " b"."""

        def forward(self, input_ids: torch.Tensor, past_key_values: Any = None, **more: Any) -> Any:
            output = super().forward(input_ids, past_key_values, **more)
            words = tinylm.vocabulary()
            opening, word = words.spell(b" <")[0], words.spell(b" b")[0]
            for row in output.logits[0]:
                if row.argmax() == opening:
                    row[word] = row[opening] - math.log(3)
            return output

    model = Torn(tinylm.config())
    model.tell(f"{LISTS}Answer: a b\nGrounded answer: a <co: 0>b</co: 0>", len(tinylm.prompt()))
    odds = [odds for step in steps(model, ACCURATE) for odds in step.confidences]
    assert odds == [pytest.approx(0.75, abs=1e-3)]


def test_a_seed_repeats_a_completion_and_another_changes_it() -> None:
    model = tinylm.model(layers=1)

    def drawn(seed: int, **how: Any) -> str:
        return text(steps(model, FAST, Sampling(max_tokens=110, temperature=1.0, seed=seed, **how)))

    assert drawn(1) == drawn(1) != drawn(2)
    assert (
        drawn(1, top_k=1)
        == drawn(2, top_k=1)
        == drawn(1, top_p=1e-6)
        == text(steps(model, FAST, Sampling(max_tokens=110)))
    )


def test_without_a_grammar_it_says_what_generate_says() -> None:
    model: Any = tinylm.model(3, layers=1)
    ids = torch.tensor([tinylm.prompt()])
    expected = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False)
    got = steps(model, None, Sampling(max_tokens=40))
    raw = b"".join(tinylm.vocabulary().bytes_of(expected[0, len(tinylm.prompt()) :].tolist()))
    assert text(got) == raw.decode(errors="replace")
    assert (got[-1].tokens, got[-1].passes, got[-1].finish) == (40, 40, Finish.LENGTH)


def test_a_kept_cache_changes_nothing_but_the_work() -> None:
    model = tinylm.behaving(WANTED[ACCURATE])
    kept = KeptCache()
    first = text(steps(model, ACCURATE, prefix=kept))
    prompt = list(tinylm.prompt())
    assert kept.ids[: len(prompt)] == prompt
    assert kept.past.get_seq_length() == len(kept.ids)
    passes = len(model.passes)
    assert text(steps(model, ACCURATE, prefix=kept)) == first
    assert model.passes[passes] == (len(prompt) - 1, 1 + len(tinylm.vocabulary().encode("Relevant Documents:")))


def test_a_pass_that_fails_leaves_an_empty_cache() -> None:
    class Failing:
        device = torch.device("cpu")

        def __call__(self, **_: Any) -> Any:
            raise torch.OutOfMemoryError("no memory")

    kept = KeptCache()
    with pytest.raises(torch.OutOfMemoryError):
        steps(Failing(), FAST, prefix=kept)
    assert (kept.ids, kept.past) == ([], None)


def test_a_long_prompt_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tinylm.model(1, layers=1)
    ids = list(tinylm.prompt()) * 9
    vocabulary = tinylm.vocabulary()

    def said() -> str:
        sampling = Sampling(max_tokens=20)
        return text(list(decode(model, ids, vocabulary=vocabulary, grammar=None, sampling=sampling)))

    whole = said()
    monkeypatch.setattr("ragcli.decoding.PREFILL_TOKENS", 5)
    assert said() == whole
