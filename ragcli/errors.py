"""The errors ragcli raises on purpose: each class is one exit code, each message one line with its mend.

* RagcliError                     1  a bug unless a subclass says otherwise
  x UsageError                    2  a flag or argument is wrong
  x MissingError                  4  something named is not there (index, file, model, package)
    - UnknownBackend              4  no such embedder, runtime, ...
  x UnreadableFile                5  a file's bytes are not what its format asks for (a ledger row, never fatal)
  x DamagedIndex                  6  the index is damaged or was made for another embedder or version
  x MemoryShort                   7  predicted or met
  x CheckFailed                   8  a check the user asked for does not hold
  x Busy                          9  another process writes to this index
  x StorageError                 10  no space, read-only, I/O error
"""

from __future__ import annotations

from typing import ClassVar, Final


class RagcliError(Exception):
    """Base of all. `hint` is the mend: a command or a flag, "" if there is none."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RagcliError):
    """A flag or argument is wrong."""

    exit_code = 2
    code = "usage"


class MissingError(RagcliError):
    """Something the user named, or the work needs, is not there."""

    exit_code = 4
    code = "missing"


class UnknownBackend(MissingError):
    """No backend of that name; the message lists the known ones."""

    code = "unknown_backend"


class UnreadableFile(RagcliError):
    """The file's bytes cannot be parsed; becomes a `failed` ledger row and never stops the rest."""

    exit_code = 5
    code = "unreadable_file"


class DamagedIndex(RagcliError):
    """The index is damaged, or belongs to another embedder or a newer ragcli."""

    exit_code = 6
    code = "index"


class MemoryShort(RagcliError):
    """Not enough memory, predicted or met."""

    exit_code = 7
    code = "memory"


class CheckFailed(RagcliError):
    """A check that the user asked for does not hold."""

    exit_code = 8
    code = "check_failed"


class Busy(RagcliError):
    """Another process is writing to this index."""

    exit_code = 9
    code = "busy"


class StorageError(RagcliError):
    """The disk is full, read-only or failing."""

    exit_code = 10
    code = "storage"


EXIT_OK: Final = 0
EXIT_NO_EVIDENCE: Final = 3
EXIT_PARTIAL: Final = 5
EXIT_INTERRUPTED: Final = 130

SEVERITY: Final = (1, 10, 7, 6, 9, 4, 2, 8, 5, 3, 0)
"""Exit codes, worst first: a batch exits with the worst of its lines."""


def worst(codes: list[int]) -> int:
    """The exit code a batch of results ends with; 0 for an empty one."""
    return min(codes, key=SEVERITY.index, default=EXIT_OK)
