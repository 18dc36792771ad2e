"""A tokenizer's own prompt templates, where its files carry some: for comparison with ours, never for prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError
from transformers import CohereTokenizer

from ragcli import template
from ragcli.errors import UsageError

FILES: Final = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")
MEND: Final = "use the model's original files"


def check(folder: Path) -> None:
    """UsageError where a `rag` template that comes with the tokenizer is another one than Cohere's."""
    if not _may_carry(folder):
        return
    try:
        own: Any = CohereTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        templates = own.chat_template
        if not (isinstance(templates, dict) and "rag" in templates):
            return

        def rag(conversation: Any, documents: Any, mode: str) -> str:
            made: str = own.apply_chat_template(
                conversation,
                chat_template="rag",
                documents=documents,
                citation_mode=mode,
                tokenize=False,
                add_generation_prompt=True,
            )
            return made

        template.check_rag(rag)
    except (TemplateError, OSError, ValueError, LookupError, TypeError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UsageError(f"the tokenizer's own `rag` template does not work: {first}", MEND) from error


def _may_carry(folder: Path) -> bool:
    if any((folder / name).exists() for name in FILES):
        return True
    try:
        return b"chat_template" in (folder / "tokenizer_config.json").read_bytes()
    except OSError:
        return False
