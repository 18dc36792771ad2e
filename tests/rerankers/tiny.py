"""A BERT cross-encoder of a few thousand random weights, as transformers writes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

WORDS = "[PAD] [UNK] [CLS] [SEP] how long does a barrel last the storm broke lantern forty days".split()


def write(folder: Path, *, outputs: int = 1, head: bool = True) -> Path:
    """A whole model folder; without `head` an encoder's alone."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    tokenizer = Tokenizer(models.WordLevel({word: id for id, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made: Any = BertConfig  # transformers types neither fully
    fast: Any = PreTrainedTokenizerFast
    config = made(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=24,
        initializer_range=1.0,
        num_labels=outputs,
    )
    model = BertForSequenceClassification(config) if head else BertModel(config)
    model.save_pretrained(folder)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    fast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder
