"""A BERT of a few thousand random weights with labels, as transformers writes one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.rerankers import tiny

LABELS = ("contradiction", "entailment", "neutral")


def write(folder: Path, labels: Sequence[str] = LABELS) -> Path:
    """A whole model folder whose outputs have these names."""
    tiny.write(folder, outputs=len(labels))
    config = folder / "config.json"
    told = json.loads(config.read_text("utf-8"))
    told["id2label"] = {str(at): label for at, label in enumerate(labels)}
    told["label2id"] = {label: at for at, label in enumerate(labels)}
    config.write_text(json.dumps(told), "utf-8")
    return folder
