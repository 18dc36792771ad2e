"""Any sentence-transformers model through its own library (torch): local files, safetensors, no remote code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import sentence_transformers
import torch
from transformers.utils import logging as transformers_logging

from ragcli import models
from ragcli.embedders._wordpieces import SURROGATES, unit
from ragcli.errors import MissingError, UsageError

if TYPE_CHECKING:
    from ragcli.models import ModelFolder
    from ragcli.protocols import Vectors
    from ragcli.types import Span

BATCH_TEXTS: Final = {"cpu": 8, "cuda": 256}


class Sentence:
    """A model of sentence-transformers on one device."""

    def __init__(self, folder: ModelFolder, device: str) -> None:
        found = models.traits(folder)
        self.fingerprint = models.fingerprint(folder)
        self._prefixes = (found.query_prefix, found.passage_prefix)
        self._model = _loaded(folder, device)
        self._model.max_seq_length = self.max_tokens = found.max_tokens
        self.dim: int = self._model.get_embedding_dimension()
        self._tokenizer: Any = self._model.tokenizer
        if not self._tokenizer.is_fast:
            raise MissingError(f"the tokenizer of {folder.name} tells no places in the text", "name another model")
        self._batch = BATCH_TEXTS[torch.device(device).type]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows, input order."""
        return self._encode(texts, self._prefixes[1])

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        row: Vectors = self._encode([text], self._prefixes[0])[0]
        return row

    def token_spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        options = {"add_special_tokens": False, "truncation": False, "verbose": False}
        spans: list[Span] = self._tokenizer(_clean(text), return_offsets_mapping=True, **options)["offset_mapping"]
        return spans

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """Per text its tokens' spans and unit last-layer states, cut at `max_tokens`; one at a time, no padding."""
        return [self._states(_clean(text)) for text in texts]

    def _states(self, text: str) -> tuple[list[Span], Vectors]:
        # the library strips every text; its spans are those of the stripped one
        bare = text.strip()
        lead = len(text) - len(text.lstrip())
        options = {"truncation": True, "max_length": self.max_tokens, "return_special_tokens_mask": True}
        encoding = self._tokenizer(bare, return_offsets_mapping=True, **options)
        kept = [row for row, special in enumerate(encoding["special_tokens_mask"]) if not special]
        [states] = self._model.encode([bare], prompt="", output_value="token_embeddings", show_progress_bar=False)
        rows = states[kept].float().cpu().numpy()
        return [(lead + start, lead + end) for start, end in (encoding["offset_mapping"][row] for row in kept)], unit(
            rows
        )

    def _encode(self, texts: Sequence[str], prefix: str) -> Vectors:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        vectors: Vectors = self._model.encode(
            [_clean(text) for text in texts], prompt=prefix, batch_size=self._batch, show_progress_bar=False
        )
        return unit(vectors.astype(np.float32))


def create(rest: str, *, device: str = "auto", **_: object) -> Sentence:
    """The model in the folder, or of the name, `rest`; `device` is auto, cpu or cuda."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if torch.device(device).type not in BATCH_TEXTS:
        raise UsageError(f"no embedder runs on the device {device!r}", "--device cpu or cuda")
    return Sentence(models.find(rest), device)


def _loaded(folder: ModelFolder, device: str) -> Any:
    """The library's model, without the bars it draws while it loads."""
    log: Any = transformers_logging
    bars = log.is_progress_bar_enabled()
    log.disable_progress_bar()
    try:
        return sentence_transformers.SentenceTransformer(
            str(folder.path),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingError(
            f"sentence-transformers cannot load {folder.name}: {reason}", "name another model"
        ) from error
    finally:
        if bars:
            log.enable_progress_bar()


def _clean(text: str) -> str:
    return SURROGATES.sub("\ufffd", text)
