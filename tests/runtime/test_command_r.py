"""A CohereForCausalLM of random weights: whatever it says must be well-formed, and whatever is wrong must be said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from ragcli import backends, citations
from ragcli.errors import MemoryShort, MissingError, RagcliError, UsageError
from ragcli.fit import KNOWN
from ragcli.ground import chat, ground
from ragcli.runtime.command_r import CommandR
from ragcli.types import CitationMode, Completion, Finish, Piece, Prompt, Sampling, Snippet
from tests import test_template
from tests.runtime import cohere

torch.set_num_threads(1)
RAG = test_template.RAG.replace("mode ==", "citation_mode ==")
LENGTH = 128
GREEDY = Sampling(max_tokens=LENGTH)
DRAWN = Sampling(max_tokens=LENGTH, temperature=1.0, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohere.write(tmp_path_factory.mktemp("models") / "tiny", model_max_length=4096)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "model"))


@pytest.fixture(scope="module")
def runtime(folder: Path) -> CommandR:
    return create(folder)


def create(folder: Path, **options: Any) -> CommandR:
    runtime: CommandR = backends.create("runtime", f"command_r:{folder}", **{"device": "cpu", **options})
    return runtime


def snippet(number: int, text: str) -> Snippet:
    return Snippet(number, f"{number:016x}", 1, "a.md", 0, len(text), text, (("text", text),), (1, 1))


def asked(question: str = "How tall?", mode: CitationMode = CitationMode.ACCURATE) -> Prompt:
    texts = ("Emperor penguins grow up to 122 cm.", "They live in Antarctica.")
    return ground(question, [snippet(number, text) for number, text in enumerate(texts)], mode)


def pieces(runtime: CommandR, prompt: Prompt, sampling: Sampling = GREEDY) -> list[Piece]:
    found = list(runtime.stream(prompt, sampling))
    assert [piece.finish is None for piece in found] == [True] * (len(found) - 1) + [False]
    return found


def said(found: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in found)


def carry(folder: Path, rag: str) -> None:
    """Gives the tokenizer's files a `rag` template."""
    templates = [{"name": "default", "template": "x"}, {"name": "rag", "template": rag}]
    settings = {"tokenizer_class": "CohereTokenizer", "chat_template": templates}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")


def failure(folder: Path, **options: Any) -> tuple[type[RagcliError], str]:
    """How making it, or its first answer, fails: in one line."""
    with pytest.raises(RagcliError) as caught:
        pieces(create(folder, **options), asked())
    assert "\n" not in caught.value.message
    return type(caught.value), caught.value.message


@pytest.mark.parametrize("mode", CitationMode)
@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_whatever_it_says_is_well_formed(runtime: CommandR, mode: CitationMode, sampling: Sampling) -> None:
    found = pieces(runtime, asked(mode=mode), sampling)
    completion: Completion = citations.parse(said(found), mode, 2)
    assert not completion.warnings
    assert {number for mark in completion.marks for number in mark.numbers} <= set(completion.cited or ())
    assert found[-1].completion_tokens <= LENGTH
    if mode is not CitationMode.OFF:
        assert len([odds for piece in found for odds in piece.confidences]) == len(completion.marks)


def test_the_prompt_is_counted_as_it_is_sent(runtime: CommandR) -> None:
    prompt = asked()
    bare = sum(runtime.count_tokens(segment.text) for segment in prompt.segments)
    assert 0 < pieces(runtime, prompt)[-1].prompt_tokens < 2 * bare


def test_the_weights_are_read_at_the_first_question(folder: Path) -> None:
    runtime = create(folder)
    assert runtime._weights is None
    pieces(runtime, asked())
    assert runtime._weights is not None


def test_what_is_kept_of_the_last_prompt_changes_no_answer(runtime: CommandR, folder: Path) -> None:
    pieces(runtime, asked("What was asked before this one?"))
    shared = len(runtime._kept.ids)
    again, fresh = (said(pieces(each, asked("How tall?"), DRAWN)) for each in (runtime, create(folder)))
    assert shared > 0
    assert again == fresh


def test_a_seed_draws_the_same_words_and_another_one_others(runtime: CommandR) -> None:
    other = Sampling(max_tokens=LENGTH, temperature=1.0, seed=4)
    first, second, third = (said(pieces(runtime, asked(), each)) for each in (DRAWN, DRAWN, other))
    assert first == second != third


def test_without_constraint_the_model_says_what_it_will(folder: Path) -> None:
    text = said(pieces(create(folder, constrain=False), asked()))
    assert not text.startswith("Relevant Documents: ")


def test_plain_chat_has_no_grammar(runtime: CommandR) -> None:
    found = pieces(runtime, chat("Hello, how are you?"), Sampling(max_tokens=5))
    assert "Relevant Documents" not in said(found)
    assert found[-1].completion_tokens <= 5


def test_four_bits_on_the_cpu_and_stored_in_four_bits(folder: Path, tmp_path: Path) -> None:
    packed = create(folder, quant="4bit")
    completion = citations.parse(said(pieces(packed, asked())), CitationMode.ACCURATE, 2)
    assert not completion.warnings
    assert packed.model.quant.used == "4bit"
    assert type(packed._weights.model.layers[0].mlp.up_proj).__name__ == "Linear4bit"
    stored = Path(shutil.copytree(folder, tmp_path / "stored"))
    packed._weights.save_pretrained(stored)
    again = create(stored)
    assert (again.model.quant.used, again.model.quant.why) == ("4bit", "stored so")
    assert said(pieces(again, asked())) == said(pieces(packed, asked()))
    assert failure(stored, quant="8bit")[0] is UsageError


@pytest.mark.parametrize("asks", ["flash", "auto"])
def test_attention_that_cannot_be_had_is_said_with_its_reason(folder: Path, asks: str) -> None:
    notices: list[str] = []
    made = create(folder, attn=asks, notice=notices.append).model.attention
    assert (made.asked, made.used) == (asks, "sdpa")
    assert made.why.startswith("no FlashAttention: ")
    assert any("FlashAttention" in notice for notice in notices) is (asks == "flash")


def test_attention_and_floats_are_those_that_were_asked_for(folder: Path) -> None:
    runtime = create(folder, attn="eager", dtype="fp32")
    pieces(runtime, asked())
    assert runtime._weights.config._attn_implementation == "eager"
    assert runtime._weights.dtype is torch.float32


@pytest.mark.parametrize(("device", "kind"), [("cuda:99", MissingError), ("tpu", UsageError), ("cuda:x", UsageError)])
def test_a_device_that_is_not_there_is_said(folder: Path, device: str, kind: type[RagcliError]) -> None:
    found, message = failure(folder, device=device)
    assert found is kind
    assert "device" in message or "cuda:99" in message


def test_what_does_not_fit_is_refused_with_the_numbers_before_weights_are_read(own: Path) -> None:
    (own / "model.safetensors").write_bytes(b"no weights")
    cohere.change(own, **{**KNOWN["c4ai-command-r-plus"], "num_hidden_layers": 1 << 19})
    kind, message = failure(own)
    assert kind is MemoryShort
    assert "GB (weights" in message
    assert "in 4bit" in message


def test_a_prompt_that_has_no_room_is_refused(own: Path) -> None:
    cohere.change(own, model_max_length=100)
    kind, message = failure(own)
    assert kind is UsageError
    assert "tokens" in message


def test_shards_are_loaded(tmp_path: Path) -> None:
    folder = cohere.write(tmp_path / "shards", shards="40KB", num_hidden_layers=1)
    assert (folder / "model.safetensors.index.json").exists()
    assert said(pieces(create(folder), asked()))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:]),
        lambda path: path.write_bytes(b""),
        lambda path: cohere.change(path.parent, num_hidden_layers=3),
        lambda path: cohere.change(path.parent, intermediate_size=48),
        lambda path: cohere.change(path.parent, hidden_act="no_such"),
        lambda path: cohere.change(path.parent, layer_norm_eps="x"),
    ],
    ids=["cut", "header", "empty", "more layers", "other sizes", "activation", "type"],
)
def test_damaged_weights_and_settings_are_one_line(own: Path, damage: Any) -> None:
    damage(own / "model.safetensors")
    assert failure(own)[0] is MissingError


def test_weights_that_are_no_numbers_are_said(own: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(own / "model.safetensors")
    save_file(
        {name: each * float("nan") for name, each in weights.items()}, own / "model.safetensors", {"format": "pt"}
    )
    kind, message = failure(own)
    assert kind is MissingError
    assert "computes no numbers" in message


@pytest.mark.parametrize("change", ["cut", "no control token", "more tokens than the model"])
def test_a_tokenizer_that_does_not_go_with_the_model_is_refused(own: Path, change: str) -> None:
    path = own / "tokenizer.json"
    text = path.read_text("utf-8")
    if change == "cut":
        path.write_text(text[:-50], "utf-8")
    elif change == "no control token":
        path.write_text(text.replace("<|CHATBOT_TOKEN|>", "<|OTHER_TOKEN|>"), "utf-8")
    else:
        cohere.tokenizer(2000).save(str(path))
    kind, message = failure(own)
    assert kind in {MissingError, UsageError}
    assert "token" in message


def test_another_rag_template_in_the_tokenizers_files_is_an_error(own: Path) -> None:
    carry(own, RAG.replace("Firstly, Decide", "Firstly, decide"))
    kind, message = failure(own)
    assert kind is UsageError
    assert "Firstly, decide" in message
    carry(own, "{% for")
    kind, message = failure(own)
    assert kind is UsageError
    assert "`rag`" in message or "'rag'" in message


def test_coheres_own_rag_template_in_the_tokenizers_files_is_agreed_with(own: Path) -> None:
    carry(own, RAG)
    assert create(own).name == "command_r"


def test_the_licence_is_told_once(own: Path) -> None:
    (own / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n", "utf-8")
    notices: list[str] = []
    runtime, _ = (create(own, notice=notices.append) for _ in range(2))
    assert [("non-commercial" in notice) for notice in notices] == [True]
    assert runtime.model.licence == "cc-by-nc-4.0"


def test_stopping_early_leaves_the_runtime_whole(runtime: CommandR) -> None:
    stream = runtime.stream(asked(), DRAWN)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert pieces(runtime, asked(), DRAWN)[-1].finish in {Finish.STOP, Finish.LENGTH}
