"""Folders -> the files in them, each once, with what is left out and why.

Own stack, not recursion (deep trees); links are never followed, only regular files are ever opened, and a
folder that cannot be listed is reported, so that nothing under it is taken for deleted.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ragcli.types import FileState, Stat

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES: Final = (".gitignore", ".ragignore")
SECRETS: Final = (
    *(".env", ".env.*", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore"),
    *("*.kdbx", "*.kdb", "credentials", "credentials.json", "secrets.y*ml", "*.gpg", "*.asc.key", "shadow"),
    *(".aws", ".ssh", ".gnupg", ".docker", ".kube", ".azure"),
)
"""Names that hold keys or passwords: quoted in an answer they would be published."""


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What is left out unless asked for; sizes in bytes."""

    no_ignore: bool = False
    hidden: bool = False
    include_secrets: bool = False
    max_file_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be read (`stat` set), or a path that is left out: `state` skipped or failed, with the reason.

    `folder` says that everything below the path is left out with it.
    """

    path: str
    stat: Stat | None = None
    state: FileState | None = None
    reason: str = ""
    folder: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ignore files of one folder; patterns are relative to it."""

    folder: str
    spec: GitIgnoreSpec


def stat_of(status: os.stat_result) -> Stat:
    """The part of a stat by which an unchanged file is known."""
    return Stat(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def walk(roots: Sequence[str], options: WalkOptions, *, index_folder: str) -> Iterator[Found]:
    """Everything under `roots` (absolute paths of files or folders), sorted within each folder."""
    seen: set[str] = set()
    own = _identity(index_folder)
    for root in roots:
        status = os.stat(root)  # a root may itself be a link
        if not stat.S_ISDIR(status.st_mode):
            path = os.path.realpath(root)  # a named link is read where it leads
            if path not in seen:
                seen.add(path)
                yield _file(path, status, options, named=True)
            continue
        for found in _folder(os.path.realpath(root), root, status.st_dev, options, own):
            if found.path not in seen:
                seen.add(found.path)
                yield found


def _folder(real: str, root: str, device: int, options: WalkOptions, own: tuple[int, int] | None) -> Iterator[Found]:
    inherited = () if options.no_ignore or real != root else _rules_above(real)
    stack: list[tuple[str, tuple[_Rules, ...]]] = [(root, inherited)]
    while stack:
        folder, rules = stack.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            yield Found(folder, state=FileState.FAILED, reason=_why(error), folder=True)
            continue
        if not options.no_ignore:
            rules += _rules(folder, {entry.name for entry in entries})
        folders = []
        for entry in entries:
            found = _entry(entry, rules, device, options, own)
            if found is None:
                folders.append((entry.path, rules))
            else:
                yield found
        stack += reversed(folders)


def _entry(
    entry: os.DirEntry[str],
    rules: tuple[_Rules, ...],
    device: int,
    options: WalkOptions,
    own: tuple[int, int] | None,
) -> Found | None:
    """What becomes of one entry; None for a folder to go into."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Found(entry.path, state=FileState.FAILED, reason=_why(error))
    folder = stat.S_ISDIR(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        reason = _link_reason(entry.path)
    elif (status.st_dev, status.st_ino) == own:
        reason = "the index itself"
    elif not options.include_secrets and _is_secret(entry.name):
        reason = "may hold secrets (--include-secrets reads it)"
    elif not options.hidden and entry.name.startswith("."):
        reason = "hidden (--hidden reads it)"
    elif _ignored(entry.path, folder, rules):
        reason = "ignored by .gitignore or .ragignore (--no-ignore reads it)"
    elif folder and status.st_dev != device:
        reason = "on another file system (name it to read it)"
    elif folder:
        return None
    else:
        return _file(entry.path, status, options, named=False)
    return Found(entry.path, state=FileState.SKIPPED, reason=reason, folder=folder)


def _file(path: str, status: os.stat_result, options: WalkOptions, *, named: bool) -> Found:
    if not stat.S_ISREG(status.st_mode):
        return Found(path, state=FileState.SKIPPED, reason="not a regular file")
    if named and not options.include_secrets and _is_secret(os.path.basename(path)):
        return Found(path, state=FileState.SKIPPED, reason="may hold secrets (--include-secrets reads it)")
    if status.st_size > options.max_file_bytes:
        reason = f"too large: {status.st_size:,} bytes (--max-file-size is {options.max_file_bytes:,})"
        return Found(path, state=FileState.FAILED, reason=reason)
    return Found(path, stat_of(status))


def _is_secret(name: str) -> bool:
    folded = name.casefold()
    return any(fnmatch.fnmatchcase(folded, pattern) for pattern in SECRETS) and not folded.endswith(".pub")


def _link_reason(path: str) -> str:
    try:
        os.stat(path)
    except OSError:
        return "a link to nothing"
    return "a link (its target is read where it lies, if that is under a named path)"


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _rules(folder: str, names: set[str]) -> tuple[_Rules, ...]:
    """The rules of the ignore files that lie in `folder`."""
    present = [name for name in IGNORE_FILES if name in names]
    if not present:
        return ()
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 30 ms, and most folders have no such file

    lines: list[str] = []
    for name in present:
        lines += _lines(os.path.join(folder, name))
    good = [line for line in lines if _is_pattern(line)]
    return (_Rules(folder, GitIgnoreSpec.from_lines(good)),)


def _is_pattern(line: str) -> bool:
    """git takes no notice of a line that is no pattern; pathspec would refuse the file."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - loaded by the caller

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _lines(path: str) -> list[str]:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return []
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(1 << 20).splitlines()
    except OSError:
        return []


def _rules_above(root: str) -> tuple[_Rules, ...]:
    """Git's rules reach down from the top of the work tree, so those above `root` count when it lies in one."""
    above: list[str] = []
    folder = root
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ()
        folder = parent
        above.append(folder)
    rules: tuple[_Rules, ...] = ()
    for parent in reversed(above):
        rules += _rules(parent, {name for name in IGNORE_FILES if os.path.exists(os.path.join(parent, name))})
    return rules


def _ignored(path: str, folder: bool, rules: tuple[_Rules, ...]) -> bool:
    """The last file that has a say decides, as in git: a deeper one can take a path back in with `!`."""
    for rule in reversed(rules):
        relative = os.path.relpath(path, rule.folder) + ("/" if folder else "")
        verdict = rule.spec.check_file(relative.replace(os.sep, "/")).include
        if verdict is not None:
            return bool(verdict)
    return False
