"""A language model's files on this machine: which folder, whether whole, of which family, under which licence.

Everything in them is untrusted: the configuration is read as plain JSON, and only what decides the arithmetic is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ragcli import models
from ragcli.errors import MissingError, UsageError
from ragcli.fit import FAMILY, KNOWN

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "model.safetensors"
SHARDS: Final = models.SHARDS
LARGEST_JSON_BYTES: Final = 1 << 24
NON_COMMERCIAL: Final = "cc-by-nc-4.0"
OTHER_FORMAT: Final = re.compile(r"cohere(?:2|_)[a-z0-9_]{0,40}", re.ASCII)
ARITHMETIC: Final = frozenset(
    "vocab_size hidden_size intermediate_size logit_scale num_hidden_layers num_attention_heads num_key_value_heads "
    "hidden_act max_position_embeddings layer_norm_eps pad_token_id bos_token_id eos_token_id tie_word_embeddings "
    "rope_parameters rope_theta rope_scaling attention_bias use_qk_norm".split()
)
"""The keys of config.json that reach transformers; `auto_map`, names of attention kernels and the like never do."""
PACKED: Final = frozenset(
    "quant_method load_in_4bit load_in_8bit bnb_4bit_quant_type bnb_4bit_use_double_quant bnb_4bit_compute_dtype "
    "bnb_4bit_quant_storage llm_int8_threshold llm_int8_skip_modules llm_int8_has_fp16_weight".split()
)
_LICENCE: Final = re.compile(r"(?m)^license:[ \t]*[\"']?([A-Za-z0-9.+-]{1,40})")
_PINNED: Final = re.compile(r"(.+)@([0-9a-f]{40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model's folder. `revision` is the hub's commit, "" for a plain folder; `licence` "" where none is stated."""

    path: Path
    name: str
    revision: str
    config: Mapping[str, Any]
    licence: str


def find(name_or_path: str) -> Checkpoint:
    """The Command-R in a folder or in the hub's local cache (OWNER/NAME, or OWNER/NAME@COMMIT), whole, by its files.

    Never the network. MissingError for what is not there or damaged, UsageError for another family of models.
    """
    found = configured(name_or_path)
    _check_family(found)
    _check_files(found.path, found.name)
    return found


def configured(name_or_path: str) -> Checkpoint:
    """The same with config.json looked at alone, of any family. MissingError."""
    if not name_or_path:
        raise UsageError("this runtime needs a model", "--runtime command_r:FOLDER, or command_r:OWNER/NAME")
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        return _read(folder.absolute(), name_or_path, "")
    pinned = _PINNED.fullmatch(name_or_path)
    name, commit = (pinned[1], pinned[2]) if pinned else (name_or_path, "")
    for snapshot in models.snapshots(name) if models.NAME.fullmatch(name) else ():
        if (snapshot / CONFIG).is_file() and commit in {"", snapshot.name}:
            return _read(snapshot, name, snapshot.name)
    mend = f"ragcli models pull {name}" if models.NAME.fullmatch(name) else "name its folder, or OWNER/NAME"
    raise MissingError(f"the model {name_or_path!r} is not on this machine", mend)


def arithmetic(found: Checkpoint) -> dict[str, Any]:
    """What of its configuration may reach transformers; of a stored quantisation what bitsandbytes has to know."""
    kept = {key: value for key, value in found.config.items() if key in ARITHMETIC}
    stored = found.config.get("quantization_config")
    if isinstance(stored, dict):
        kept["quantization_config"] = {key: value for key, value in stored.items() if key in PACKED}
    return kept


def _read(path: Path, name: str, revision: str) -> Checkpoint:
    config = _object(path / CONFIG, name)
    return Checkpoint(path, name, revision, config, _licence(path, config))


def _object(path: Path, name: str) -> dict[str, Any]:
    """A JSON object; MissingError where it is absent, damaged or larger than any of its kind."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_JSON_BYTES + 1)
        content = json.loads(raw) if len(raw) <= LARGEST_JSON_BYTES else None
    except OSError as error:
        raise MissingError(f"the model {name} has no {path.name}: {error.strerror}", "name another model") from error
    except (ValueError, RecursionError) as error:
        raise MissingError(f"{path.name} of the model {name} is not JSON", "get the model anew") from error
    if not isinstance(content, dict):
        raise MissingError(f"{path.name} of the model {name} is no JSON object", "get the model anew")
    return content


def _check_family(found: Checkpoint) -> None:
    family = found.config.get("model_type")
    if family == FAMILY:
        if "auto_map" in found.config:
            raise MissingError(f"the model {found.name} asks for code of its own to be run", "name another model")
        return
    runs = "it runs Command-R v01, Command-R+ and both of 08-2024"
    if isinstance(family, str) and OTHER_FORMAT.fullmatch(family):
        told = (
            f"{found.name} is a {family} (as Command R7B and Command A are), whose prompts and citations have another"
        )
        raise UsageError(f"{told} format than command_r writes", runs)
    raise UsageError(f"{found.name} is a model of type {str(family)[:40]!r}, not a Command-R", runs)


def _check_files(path: Path, name: str) -> None:
    """MissingError unless tokenizer and weights are there, as safetensors, every shard of them."""
    if not (path / WEIGHTS).is_file() and not (path / SHARDS).is_file():
        if any((path / pickle).exists() for pickle in (*models.PICKLES, "pytorch_model.bin.index.json")):
            told = "has only pickled weights, which can run code; ragcli loads safetensors alone"
            raise MissingError(f"the model {name} {told}", "name a revision or model with safetensors")
        raise MissingError(f"the model {name} has no weights: neither {WEIGHTS} nor {SHARDS}", "get the model anew")
    if not (path / TOKENIZER).is_file():
        raise MissingError(f"the model {name} has no {TOKENIZER}", "get the model anew")
    if (path / WEIGHTS).is_file():
        return
    shards = _object(path / SHARDS, name).get("weight_map")
    wanted = sorted(set(map(str, shards.values()))) if isinstance(shards, dict) else []
    missing = [shard for shard in wanted if Path(shard).name != shard or not (path / shard).is_file()]
    if missing or not wanted:
        told = f"lacks {len(missing)} of its {len(wanted)} weight files: {missing[0][:80]}" if missing else "names none"
        raise MissingError(f"the model {name} {told}", "get the model anew")


def _licence(path: Path, config: Mapping[str, Any]) -> str:
    """As the model card beside it says, or as Cohere released models of exactly this shape."""
    try:
        with (path / "README.md").open("rb") as file:
            head = file.read(1 << 12).decode("utf-8", "replace")
    except OSError:
        head = ""
    stated = _LICENCE.search(head) if head.startswith("---") else None
    if stated:
        return stated[1].lower()
    sizes = ("num_hidden_layers", "hidden_size", "num_key_value_heads", "intermediate_size", "vocab_size")
    released = any(all(config.get(key) == known[key] for key in sizes) for known in KNOWN.values())
    return NON_COMMERCIAL if released else ""
