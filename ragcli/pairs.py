"""A model of transformers that reads two texts as one sequence: local files, safetensors, no remote code. It imports
torch, so only backend files import it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from ragcli import models
from ragcli.errors import MissingError

LONGEST: Final = 512
BATCH: Final = 8
DAMAGE: Final = (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError)
"""What the libraries raise for files that are not what they should be."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A classifier of two texts. `labels` are its outputs' names, lower case; `longest` the tokens that it reads."""

    model: Any
    tokenizer: Any
    labels: tuple[str, ...]
    longest: int

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Iterator[torch.Tensor]:
        """(outputs,) float32 of each pair in order. What is too long is cut at the end of its longer text."""
        options = {"truncation": "longest_first", "max_length": self.longest, "padding": True}
        for start in range(0, len(pairs), BATCH):
            first, second = (list(texts) for texts in zip(*pairs[start : start + BATCH], strict=True))
            tokens = self.tokenizer(first, second, return_tensors="pt", **options)
            with torch.inference_mode():
                yield from self.model(**tokens).logits.float()


def load(name: str) -> Reader:
    """The model in the folder, or of the name, `name`. MissingError where it is not here or cannot be loaded."""
    folder = models.find(name)
    log: Any = logging
    bars, verbosity = log.is_progress_bar_enabled(), log.get_verbosity()
    log.disable_progress_bar()
    log.set_verbosity_error()
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    loader: Any = AutoModelForSequenceClassification
    try:
        path = str(folder.path)
        model, told = loader.from_pretrained(path, use_safetensors=True, output_loading_info=True, **options)
        tokenizer = AutoTokenizer.from_pretrained(path, **options)
    except DAMAGE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingError(f"transformers cannot load {folder.name}: {reason}", "name another model") from error
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
    if told["missing_keys"]:  # an encoder without a head: its numbers would be random
        raise MissingError(
            f"{folder.name} is no classifier: its weights lack {min(told['missing_keys'])}", "name another model"
        )
    labels = tuple(str(model.config.id2label[at]).casefold() for at in range(model.config.num_labels))
    longest = min(LONGEST, getattr(model.config, "max_position_embeddings", LONGEST))
    return Reader(model.eval(), tokenizer, labels, longest)
