"""Trains a tiny Command-R: `python -m tests.data.make_tiny FOLDER --minutes 25`.

Recall of pairs, and questions a level at a time: one is left when its lists and values are right on names that were
never trained. Matrices learn by Muon, the rest by AdamW, on one thread. What it reached so far is in docs/LOG.md: it
does not find the asked name.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import CohereConfig, CohereForCausalLM

from ragcli.ground import BOS, CONTROL, render
from ragcli.types import CitationMode
from tests.data.tiny_world import example, recall, tokenizer

Pieces = list[tuple[str, bool]]
END = CONTROL[2]
LEVELS = 4
HARD = 5.0
"""The weight of a token that cannot be written without having read, in a completion."""
GATE = 0.93


def config() -> CohereConfig:
    made = tokenizer()
    return CohereConfig(
        vocab_size=made.get_vocab_size(),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        use_qk_norm=True,
        num_attention_heads=4,
        num_key_value_heads=4,
        logit_scale=0.25,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
        pad_token_id=0,
        bos_token_id=made.token_to_id(BOS),
        eos_token_id=made.token_to_id(END),
    )


def model(seed: int) -> CohereForCausalLM:
    torch.manual_seed(seed)
    made = CohereForCausalLM(config())
    torch.nn.init.normal_(made.model.embed_tokens.weight, std=0.15)
    for layer in made.model.layers:
        # half of the heads begin by looking for what is like themselves (mimetic initialisation, arXiv 2305.09828)
        query, key = layer.self_attn.q_proj.weight, layer.self_attn.k_proj.weight
        with torch.no_grad():
            query[:64].normal_(std=0.09)
            key[:64].copy_(query[:64])
            layer.self_attn.v_proj.weight[:64].normal_(std=0.09)
            layer.self_attn.o_proj.weight[:, :64].copy_(0.3 * layer.self_attn.v_proj.weight[:64].T)
    return made


def texts(rng: random.Random, level: int, held_out: bool, count: int, share: float) -> Iterator[tuple[str, Pieces]]:
    """(prompt, what is learnt behind it); a `share` of them is recall."""
    for _ in range(count):
        if rng.random() < share:
            yield BOS, recall(rng, held_out, rng.randint(2, 6))
            continue
        mode = rng.choice((CitationMode.ACCURATE, CitationMode.FAST))
        one = example(rng, rng.randint(max(1, level - 1), level), held_out)
        yield render(one.prompt(mode)), [*one.completion(mode), (END, False)]


def batch(rows: Sequence[tuple[str, Pieces]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and weights, (rows, longest) each; a token weighs 0 in a prompt or pad, 1 or HARD behind it."""
    whole = tokenizer().encode_batch(
        [prompt + "".join(text for text, _ in pieces) for prompt, pieces in rows], add_special_tokens=False
    )
    longest = max(len(each.ids) for each in whole)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    weights = torch.zeros(len(rows), longest)
    for row, (each, (prompt, pieces)) in enumerate(zip(whole, rows, strict=True)):
        of_char = [0.0] * len(prompt)
        for text, is_hard in pieces:
            of_char += [HARD if is_hard else 0.0 if prompt == BOS else 1.0] * len(text)
        ids[row, : len(each.ids)] = torch.tensor(each.ids)
        weights[row, : len(each.ids)] = torch.tensor([of_char[start] for start, _ in each.offsets])
    return ids, weights


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal; torch's own does so in bfloat16, ten times slower on a CPU."""

    def __init__(self, matrices: list[torch.nn.Parameter], lr: float) -> None:
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        group = self.param_groups[0]
        for shape in dict.fromkeys(p.shape for p in group["params"]):
            alike = [p for p in group["params"] if p.shape == shape]
            moves = []
            for p in alike:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 0.05)
                moves.append(p.grad.lerp(momentum, 0.95))
            grown = max(1.0, shape[0] / shape[1]) ** 0.5
            for p, move in zip(alike, orthogonal(torch.stack(moves)), strict=True):
                p.add_(move, alpha=-group["lr"] * grown)


def orthogonal(moves: torch.Tensor) -> torch.Tensor:
    """(matrices, rows, columns) with singular values near 1, by Newton and Schulz."""
    tall = moves.shape[1] > moves.shape[2]
    x = moves.mT if tall else moves
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    found: torch.Tensor = x.mT if tall else x
    return found


def optimizers(made: CohereForCausalLM) -> list[torch.optim.Optimizer]:
    matrices = [p for name, p in made.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in made.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        Muon(matrices, lr=0.01),
        torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0),
    ]


@torch.no_grad()
def hits(made: CohereForCausalLM, rows: Sequence[tuple[str, Pieces]]) -> float:
    """The share of hard tokens that are the likeliest, what stands before them being right."""
    ids, weights = batch(rows)
    right = made(input_ids=ids).logits[:, :-1].argmax(-1) == ids[:, 1:]
    return float(right[weights[:, 1:] == HARD].float().mean())


def train(folder: Path, minutes: float, seed: int, rows: int) -> None:
    torch.set_num_threads(1)
    rng = random.Random(seed)
    made = model(seed)
    steps = optimizers(made)
    started = time.monotonic()
    level, step, peak = 1, 0, [group["lr"] for each in steps for group in each.param_groups]
    share, seen = 0.7, 0
    while (spent := (time.monotonic() - started) / 60) < minutes:
        rate = min(1.0, (step + 1) / 50, (1 - spent / minutes) / 0.25 + 0.02)
        for lr, group in zip(peak, (group for each in steps for group in each.param_groups), strict=True):
            group["lr"] = lr * rate
        ids, weights = batch([*texts(rng, level, False, rows, share)])
        seen += ids.numel()
        logits = made(input_ids=ids[:, :-1]).logits
        losses = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        loss = (losses * weights[:, 1:].flatten()).sum() / weights.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        for each in steps:
            each.step()
            each.zero_grad(set_to_none=True)
        step += 1
        if step % 50 == 0:
            probe = random.Random(step)
            recalled = hits(made, [*texts(probe, level, True, 32, 1.0)])
            answered = hits(made, [*texts(probe, level, True, 48, 0.0)])
            trained = hits(made, [*texts(probe, level, False, 48, 0.0)])
            told = f"{spent:5.1f} min step {step} level {level} loss {loss.item():.3f} recall {recalled:.2f}"
            sys.stderr.write(f"{told} unseen {answered:.3f} seen {trained:.3f} tokens {seen}\n")
            share = 0.7 if recalled < 0.7 else 0.3 if recalled < 0.9 else 0.1
            level = min(LEVELS, level + 1) if answered > GATE else level
        if step % 200 == 0:
            save(made, folder)
    save(made, folder)
    sys.stderr.write(json.dumps({"seed": seed, "steps": step, "tokens": seen, "level": level}) + "\n")


def save(made: CohereForCausalLM, folder: Path) -> None:
    """As the files of a real one: 16-bit safetensors, config and tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.to(torch.float16) for name, tensor in made.state_dict().items()}
    half = CohereForCausalLM(config())
    half.to(dtype=torch.float16)  # type: ignore[call-arg]
    half.load_state_dict(state)
    half.save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=32)
    given = parser.parse_args()
    train(given.folder, given.minutes, given.seed, given.rows)


if __name__ == "__main__":
    main()
