"""Loads a Command-R: on which devices, in which floats, what fits; no code of the model's own, and no network."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import BitsAndBytesConfig, CohereConfig, CohereForCausalLM
from transformers.utils import logging as transformers_logging
from transformers.utils.import_utils import is_flash_attn_2_available

from ragcli import fit
from ragcli.checkpoints import arithmetic
from ragcli.errors import MemoryShort, MissingError, UsageError
from ragcli.fit import Quant
from ragcli.runtime import _memory
from ragcli.types import Choice, Model

if TYPE_CHECKING:
    from ragcli.checkpoints import Checkpoint

FLOATS: Final = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
KERNELS: Final = {"flash": "flash_attention_2", "sdpa": "sdpa", "eager": "eager"}
AUTO: Final = "auto"
DAMAGE: Final = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
)
"""What the libraries raise for files that are not what they should be."""
_CUDA: Final = re.compile(r"cuda(?::([0-9]{1,2}))?", re.ASCII)
AMPERE: Final = (8, 0)
"""The first compute capability that FlashAttention 2 runs on."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for: each "auto", or one of the names that the flag lists."""

    dtype: str = AUTO
    quant: str = AUTO
    attn: str = AUTO
    device: str = AUTO


@dataclass(frozen=True, slots=True)
class Places:
    """Where the model goes, as the user would name it, and the free bytes on each device."""

    devices: tuple[str, ...]
    each: tuple[int, ...]

    @property
    def free(self) -> int:
        """Of all devices together."""
        return sum(self.each)

    @property
    def cuda(self) -> bool:
        """Whether these are CUDA devices."""
        return self.devices[0].startswith("cuda")

    @property
    def named(self) -> str:
        """For a message."""
        return ", ".join(self.devices)


def places(device: str) -> list[Places]:
    """Where `device` may mean, the one to try first in front: for auto one GPU, all of them, else the CPU.

    MissingError for a GPU that is not there, UsageError for what is no device.
    """
    if device == "cpu" or (device == AUTO and not torch.cuda.is_available()):
        return [Places(("cpu",), (_memory.of_host(),))]
    named = _CUDA.fullmatch(device)
    if named is None and device != AUTO:
        raise UsageError(f"{device!r} is no device", "--device auto, cpu, cuda or cuda:0")
    free = [count - fit.SPARE_BYTES for count in (_memory.of_gpus() if torch.cuda.is_available() else [])]
    if not free:
        built = "" if torch.version.cuda else f": torch {torch.__version__} is built without CUDA"
        raise MissingError(f"there is no CUDA device here{built}", "--device cpu, or a torch for CUDA and its driver")
    if named is not None and named[1]:
        number = int(named[1])
        if number >= len(free):
            raise MissingError(f"there is no {device}: {len(free)} CUDA devices are here", "--device cuda:0")
        return [Places((f"cuda:{number}",), (free[number],))]
    best = max(range(len(free)), key=free.__getitem__)
    found = [Places((f"cuda:{best}",), (free[best],))]
    if len(free) > 1:
        found.append(Places(tuple(f"cuda:{each}" for each in range(len(free))), tuple(free)))
    return found


def floats(asked: str, *, cuda: bool) -> Choice:
    """bf16 wherever the device has it: the checkpoints say fp16, whose range activations can leave."""
    if asked != AUTO:
        return Choice(asked, asked)
    if not cuda or torch.cuda.is_bf16_supported(including_emulation=False):
        return Choice(asked, "bf16")
    return Choice(asked, "fp16", "this GPU has no bf16")


def attention(asked: str, dtype: str, *, cuda: bool) -> Choice:
    """FlashAttention where it was asked for, or may be, and can be had; else sdpa, and why."""
    if asked in {"sdpa", "eager"}:
        return Choice(asked, asked)
    if not cuda:
        missing = "it runs on CUDA alone"
    elif dtype == "fp32":
        missing = "it takes 16-bit floats alone"
    elif torch.cuda.get_device_capability() < AMPERE:
        missing = "this GPU is older than it supports"
    elif not is_flash_attn_2_available():
        missing = "the package flash-attn is not installed"
    else:
        return Choice(asked, "flash")
    return Choice(asked, "sdpa", f"no FlashAttention: {missing}")


def stored_quant(found: Checkpoint) -> Quant | None:
    """How the weights in the file are quantised already; None if they are not. UsageError for what is not ours."""
    stored = found.config.get("quantization_config")
    if stored is None:
        return None
    if isinstance(stored, dict) and stored.get("quant_method") == "bitsandbytes":
        if stored.get("load_in_4bit") is True:
            return Quant.NF4
        if stored.get("load_in_8bit") is True:
            return Quant.INT8
    method = str(stored.get("quant_method") if isinstance(stored, dict) else stored)[:40]
    raise UsageError(
        f"the weights of {found.name} are quantised by {method!r}", "name one that bitsandbytes made, or 16-bit"
    )


def settle(found: Checkpoint, wishes: Wishes) -> tuple[Places, Model]:
    """What is loaded, where, and how: decided before a weight is read. MemoryShort if nothing fits."""
    stored = stored_quant(found)
    if stored and wishes.quant not in {AUTO, stored}:
        raise UsageError(f"the weights of {found.name} are {stored} already, not {wishes.quant}", f"--quant {stored}")
    ladder = [stored] if stored else list(Quant) if wishes.quant == AUTO else [Quant(wishes.quant)]
    options = places(wishes.device)
    dtype = floats(wishes.dtype, cuda=options[0].cuda)
    attn = attention(wishes.attn, dtype.used, cuda=options[0].cuda)
    free = [place.free for place in options]
    try:
        fitted = fit.choose(
            fit.shape_of(found.config), free, ladder, FLOATS[dtype.used].itemsize, eager=attn.used == "eager"
        )
    except MemoryShort as error:
        bits = "as it is" if ladder[-1] is Quant.NONE else f"in {ladder[-1]}"
        mend = f"ragcli models fit {found.name}"
        told = f"{found.name} {bits} {error.message} on {options[-1].named}"
        raise MemoryShort(told, mend if ladder[-1] is Quant.NF4 else f"--quant 4bit, or {mend}") from error
    place, used = options[fitted.place], fitted.quant.value
    why = "" if used in {wishes.quant, Quant.NONE} else "stored so" if stored else "more bits do not fit"
    model = Model(
        name=found.name,
        revision=found.revision,
        licence=found.licence,
        device=place.named,
        dtype=dtype,
        quant=Choice(wishes.quant, used, why),
        attention=attn,
        context_tokens=fitted.context_tokens,
        needs_bytes=fitted.need.total,
    )
    return place, model


def load(found: Checkpoint, model: Model, place: Places) -> Any:
    """The weights on their devices, as settled. MissingError for damaged files, MemoryShort if memory ends."""
    several = len(place.devices) > 1
    quant = Quant(model.quant.used)
    packed = "quantization_config" in found.config or quant is Quant.NONE
    short = f"memory ended while {found.name} was loaded on {place.named}"
    try:
        with _quiet():
            made: Any = CohereForCausalLM.from_pretrained(
                str(found.path),
                config=CohereConfig(**arithmetic(found)),
                dtype=FLOATS[model.dtype.used],
                attn_implementation=KERNELS[model.attention.used],
                quantization_config=None if packed else packing(quant, FLOATS[model.dtype.used]),
                device_map="balanced" if several else {"": place.devices[0]},
                max_memory=dict(enumerate(place.each)) if several else None,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except torch.OutOfMemoryError as error:
        raise MemoryShort(short, f"--quant 4bit, or ragcli models fit {found.name}") from error
    except ImportError as error:  # bitsandbytes, accelerate or flash-attn
        told = f"loading {found.name} so needs a package that is not here: {_first_line(error)}"
        raise MissingError(told, "pip install 'ragcli[llm]'") from error
    except DAMAGE as error:
        if "allocate memory" in str(error):
            raise MemoryShort(short, f"--quant 4bit, or ragcli models fit {found.name}") from error
        raise MissingError(f"cannot load {found.name}: {_first_line(error)}", "get the model anew") from error
    loaded, report = made
    wrong = [*report["missing_keys"], *report["unexpected_keys"], *report["mismatched_keys"]]
    if wrong:
        told = f"the weights of {found.name} do not go with its config.json: {str(wrong[0])[:80]}"
        raise MissingError(told, "get the model anew")
    return loaded.eval()


def packing(quant: Quant, compute: torch.dtype) -> Any:
    """What bitsandbytes is asked for; its own defaults for 4 bits are fp4, computed in 32 bits."""
    config: Any = BitsAndBytesConfig
    if quant is Quant.INT8:
        return config(load_in_8bit=True)
    return config(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )


def check_numbers(model: Any, name: str) -> None:
    """MissingError where the model's first logits are no numbers: damaged weights, or floats too narrow for them."""
    with torch.inference_mode():
        logits = model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=model.device), logits_to_keep=1).logits
    if not torch.isfinite(logits).all():
        raise MissingError(f"{name} computes no numbers: its weights are damaged, or need --dtype bf16", "--dtype bf16")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and advice that the libraries print while they load."""
    log: Any = transformers_logging
    bars, level = log.is_progress_bar_enabled(), log.get_verbosity()
    log.disable_progress_bar()
    log.set_verbosity_error()
    # it says once a layer that LLM.int8 computes in fp16
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
