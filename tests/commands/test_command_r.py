"""`ragcli ask --runtime command_r:PATH`, random weights: what the model says means nothing, how it says it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tests.runtime import cohere

from .conftest import Done, Run

torch.set_num_threads(1)
QUESTION = "How tall are emperor penguins?"
SHORT = ("--max-new-tokens", "120", "--device", "cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohere.write(tmp_path_factory.mktemp("models") / "tiny", seed=1, model_max_length=4096)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def check(done: Done, mode: str) -> None:
    """The exit code is that of the outcome; every citation is a span of the answer and of a document."""
    value = done.value
    assert done.code == value["exit_code"] == (3 if value["outcome"] in {"declined", "no_evidence"} else 0)
    assert value["model"]["citation_mode"] == mode
    assert value["model"]["weights"]["device"] == "cpu"
    assert not value["warnings"]
    for citation in value["citations"]:
        assert value["answer"][citation["start"] : citation["end"]] == citation["text"]
        assert 0 <= citation["confidence"] <= 1
        assert {source["number"] for source in citation["sources"]} <= set(range(len(value["documents"])))
    assert "<co" not in value["answer"]


@pytest.mark.parametrize("mode", ["accurate", "fast", "off"])
@pytest.mark.parametrize("draw", [(), ("--temperature", "1", "--seed", "5")], ids=["greedy", "drawn"])
def test_an_answer_is_well_formed_and_exits_by_its_outcome(
    run: Run, notes: Path, model: Path, mode: str, draw: Sequence[str]
) -> None:
    done = run("ask", QUESTION, "--runtime", f"command_r:{model}", "--json", "--citation-mode", mode, *SHORT, *draw)
    check(done, mode)
    usage = done.value["usage"]
    assert usage["prompt_tokens"] > 100
    assert 0 < usage["completion_tokens"] <= 120


def test_four_bits_are_told_in_the_answer(run: Run, notes: Path, model: Path) -> None:
    done = run("ask", QUESTION, "--runtime", f"command_r:{model}", "--json", "--quant", "4bit", *SHORT)
    check(done, "accurate")
    assert done.value["model"]["weights"]["quant"] == {"asked": "4bit", "used": "4bit", "why": ""}


def test_a_batch_loads_once_and_answers_in_order(run: Run, notes: Path, model: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(json.dumps({"id": id, "question": QUESTION}) for id in "ab"), "utf-8")
    first, second = run("ask", "--batch", str(questions), "--runtime", f"command_r:{model}", *SHORT).lines
    assert (first["input_id"], second["input_id"]) == ("a", "b")
    assert first["answer"] == second["answer"]


def test_terms_and_fallbacks_are_told_on_stderr_once(run: Run, notes: Path, model: Path) -> None:
    command = ("ask", QUESTION, "--runtime", f"command_r:{model}", "--attn", "flash", *SHORT)
    first, second = run(*command), run(*command)
    assert "state no licence" in first.err
    assert "state no licence" not in second.err
    assert "no FlashAttention" in second.err
    assert "FlashAttention" not in second.out
    assert not run(*command, "-q").err


@pytest.mark.parametrize(
    ("change", "code"),
    [("cohere2", 2), ("weights", 4), ("large", 7), ("device", 4), ("absent", 4)],
)
def test_what_cannot_run_exits_with_its_code_and_one_line(
    run: Run, notes: Path, model: Path, tmp_path: Path, change: str, code: int
) -> None:
    folder = tmp_path / "model"
    if change != "absent":
        folder.mkdir()
        for file in model.iterdir():
            (folder / file.name).symlink_to(file)
        settings = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").unlink()
        settings |= {"cohere2": {"model_type": "cohere2"}, "large": {"num_hidden_layers": 1 << 20}}.get(change, {})
        settings |= {"hidden_size": 1 << 15, "intermediate_size": 1 << 17} if change == "large" else {}
        (folder / "config.json").write_text(json.dumps(settings), "utf-8")
    if change == "weights":
        (folder / "model.safetensors").unlink()
    where = ("--device", "cuda:99") if change == "device" else ("--device", "cpu")
    done = run("ask", QUESTION, "--runtime", f"command_r:{folder}", *where)
    assert done.code == code
    assert len([line for line in done.err.splitlines() if line.startswith("ragcli: ")]) == 1
    assert not done.out
