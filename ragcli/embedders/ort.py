"""BERT-type sentence encoders by onnxruntime: for many passages, on every core, without torch."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime

from ragcli import models
from ragcli.embedders import _weights
from ragcli.embedders._wordpieces import Wordpieces, unit
from ragcli.private import write_whole

if TYPE_CHECKING:
    from ragcli.embedders._wordpieces import Framed
    from ragcli.models import ModelFolder
    from ragcli.protocols import Vectors
    from ragcli.types import Span

GRAPH_VERSION: Final = 1
"""To be raised with every change of _graph.py, so that no older graph is used."""

BATCH_TEXTS: Final = 4
PADDING_SHARE: Final = 0.1
AT_ONCE_TEXTS: Final = 4096


class Ort:
    """An encoder behind an onnxruntime session; `threads` None is all the processor's cores."""

    def __init__(self, folder: ModelFolder, threads: int | None = None) -> None:
        found = models.traits(folder)
        self.fingerprint = models.fingerprint(folder)
        self.max_tokens = found.max_tokens
        self._prefixes = (found.query_prefix, found.passage_prefix)
        layout, tensors = _weights.load_bert(folder.path, self.max_tokens)
        self.dim = layout.dim
        rows = len(tensors["embeddings.word_embeddings.weight"])
        self._pieces = Wordpieces(folder.path, self.max_tokens, rows)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        options.log_severity_level = 3
        # Threads that wait by spinning took a third of the work's own time on a busy machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        graph = _graph(self.fingerprint, layout, tensors)
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, unit rows, input order."""
        return self._encode([self._prefixes[1] + text for text in texts])

    def query(self, text: str) -> Vectors:
        """(dim,) float32, unit."""
        row: Vectors = self._encode([self._prefixes[0] + text])[0]
        return row

    def token_spans(self, text: str) -> list[Span]:
        """The span of each token of the whole text."""
        return self._pieces.spans(text)

    def token_states(self, texts: Sequence[str]) -> list[tuple[list[Span], Vectors]]:
        """Per text its tokens' spans and unit last-layer states, cut at `max_tokens`."""
        first, states = len(self._pieces.head), []
        for framed in self._pieces.framed(texts):
            [rows] = self._run("states", [framed])
            states.append((framed[1], unit(rows[first : first + len(framed[1])])))
        return states

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), AT_ONCE_TEXTS):
            framed = self._pieces.framed(texts[start : start + AT_ONCE_TEXTS])
            for rows in _batches([len(ids) for ids, _ in framed]):
                vectors[[start + row for row in rows]] = self._run("vectors", [framed[row] for row in rows])
        return vectors

    def _run(self, output: str, batch: list[Framed]) -> Vectors:
        ids = np.zeros((len(batch), max(len(one) for one, _ in batch)), np.int64)
        mask = np.zeros(ids.shape, np.float32)
        for row, (one, _) in enumerate(batch):
            ids[row, : len(one)] = one
            mask[row, : len(one)] = 1
        result: Vectors = self._session.run([output], {"ids": ids, "mask": mask})[0]
        return result


def create(rest: str, *, threads: int | None = None, **_: object) -> Ort:
    """The encoder in the folder, or of the name, `rest`; "" is the default model."""
    return Ort(models.find(rest), threads)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Rows of about equal length together, the longest first: little padding, and memory is asked for once."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and (len(batch) == BATCH_TEXTS or lengths[row] < (1 - PADDING_SHARE) * lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _graph(fingerprint: str, layout: _weights.Layout, tensors: dict[str, Vectors]) -> str | bytes:
    """The path of the graph, made if it is not there whole; its bytes where the cache cannot be written."""
    version = hashlib.sha256(repr((GRAPH_VERSION, layout)).encode()).hexdigest()[:8]
    path = models.cache_folder() / "onnx" / fingerprint / f"model-{version}.onnx"
    recorded = path.with_suffix(".sha256")
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if models.file_sha256(path) == recorded.read_text(encoding="ascii", errors="replace"):
            return str(path)
    from ragcli.embedders import _graph as graph  # noqa: PLC0415 - onnx is needed once in a user's life

    model = graph.build(layout, tensors)
    with contextlib.suppress(OSError):  # without a cache the graph is made at every start
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, model)
        write_whole(recorded, hashlib.sha256(model).hexdigest().encode())
        return str(path)
    return model
