"""A cross-encoder of transformers by name (torch): local files, safetensors, no remote code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from ragcli import models
from ragcli.errors import MissingError

if TYPE_CHECKING:
    from ragcli.models import ModelFolder

SHARE: Final = 0.5
NEAR: Final = 0.6
MOST: Final = 20
"""Its say is bounded: such a model, trained before our first stage was, also takes good hits down."""
LONGEST: Final = 512
BATCH_TEXTS: Final = 8
DAMAGE: Final = (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError)
"""What the libraries raise for files that are not what they should be."""


class CrossEncoder:
    """One model that reads question and text as one sequence, and says with one number how well they fit."""

    near = NEAR
    most = MOST

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._longest = min(LONGEST, getattr(model.config, "max_position_embeddings", LONGEST))

    def share(self, question: str) -> float:
        """The same for every question: which languages the model reads is not known."""
        return SHARE

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """The odds as 0..1. What is longer than the model reads is cut at the text's end."""
        found: list[float] = []
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = list(texts[start : start + BATCH_TEXTS])
            options = {"truncation": "longest_first", "max_length": self._longest, "padding": True}
            tokens = self._tokenizer([question] * len(batch), batch, return_tensors="pt", **options)
            with torch.inference_mode():
                logits = self._model(**tokens).logits
            found += torch.sigmoid(logits[:, 0].float()).tolist()
        return found


def create(rest: str, **_: object) -> CrossEncoder:
    """The model in the folder, or of the name, `rest`. MissingError where it is not here or is no cross-encoder."""
    if not rest:
        raise MissingError("which cross-encoder is not said", "--reranker cross-encoder:MODEL")
    folder = models.find(rest)
    model, tokenizer = _loaded(folder)
    if model.config.num_labels != 1:
        message = f"{folder.name} is no cross-encoder for ranking: it gives {model.config.num_labels} numbers, not one"
        raise MissingError(message, "name another model")
    return CrossEncoder(model, tokenizer)


def _loaded(folder: ModelFolder) -> tuple[Any, Any]:
    log: Any = transformers_logging
    bars, verbosity = log.is_progress_bar_enabled(), log.get_verbosity()
    log.disable_progress_bar()
    log.set_verbosity_error()
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    loader: Any = AutoModelForSequenceClassification
    try:
        model, told = loader.from_pretrained(
            str(folder.path), use_safetensors=True, output_loading_info=True, **options
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder.path), **options)
    except DAMAGE as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingError(f"transformers cannot load {folder.name}: {reason}", "name another model") from error
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
    if told["missing_keys"]:  # an encoder without a head: its numbers would be random
        message = f"{folder.name} is no cross-encoder: its weights lack {min(told['missing_keys'])}"
        raise MissingError(message, "name another model, such as one of cross-encoder/ms-marco-*")
    return model.eval(), tokenizer
