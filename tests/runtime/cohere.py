"""A Command-R of random weights, as the files of a real one: same class, same control tokens, a BPE of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CohereConfig, CohereForCausalLM

from ragcli.ground import CONTROL, ground, render
from ragcli.types import CitationMode

SPECIAL = ("<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>", *CONTROL)
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def tokenizer(size: int = 512) -> Tokenizer:
    """Byte-level, NFC, BOS in front by default, as Cohere's; trained on the prompt's own words."""
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL],
        show_progress=False,
    )
    made.train_from_iterator([render(ground("How tall are they?", [], mode)) for mode in CitationMode], trainer)
    bos = made.token_to_id(CONTROL[0])
    made.post_processor = processors.TemplateProcessing(single=f"{CONTROL[0]} $A", special_tokens=[(CONTROL[0], bos)])
    return made


def write(folder: Path, seed: int = 0, shards: str = "50GB", **config: Any) -> Path:
    """The model's folder; `config` overrides what is small."""
    folder.mkdir(parents=True, exist_ok=True)
    made = tokenizer()
    made.save(str(folder / "tokenizer.json"))
    ids = {
        "pad_token_id": 0,
        "bos_token_id": made.token_to_id(CONTROL[0]),
        "eos_token_id": made.token_to_id(CONTROL[2]),
    }
    settings = CohereConfig(
        **{
            **SIZES,
            "num_key_value_heads": 2,
            "vocab_size": made.get_vocab_size(),
            "initializer_range": 0.5,
            **ids,
            **config,
        }
    )
    torch.manual_seed(seed)
    CohereForCausalLM(settings).save_pretrained(folder, max_shard_size=shards)
    return folder


def change(folder: Path, **config: Any) -> Path:
    """The same with other keys in its config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **config}), "utf-8")
    return folder
