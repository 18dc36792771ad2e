"""Folders -> the files in them, each once, with what is left out and why.

Own stack, not recursion (deep trees); links are never followed, only regular files are ever opened, and a
folder that cannot be listed is reported, so that nothing under it is taken for deleted.
"""

from __future__ import annotations

import fnmatch
import functools
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
SECRET: Final = "may hold secrets (--include-secrets reads it)"


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What is left out unless asked for; sizes in bytes."""

    no_ignore: bool = False
    hidden: bool = False
    include_secrets: bool = False
    max_file_bytes: int = 256 << 20
    include: tuple[str, ...] = ()
    """Patterns as in .gitignore, from the folder that is walked: only files that match one are read."""
    exclude: tuple[str, ...] = ()
    """Such patterns too: what matches one is left out, also of what `include` names."""
    private: tuple[str, ...] = ()
    """Files never read, whatever else is asked for: the one that holds the passwords."""


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


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the user wants of a root: `include` and `exclude`, relative to it, and what must never be read."""

    root: str
    options: WalkOptions
    include: GitIgnoreSpec | None
    exclude: GitIgnoreSpec | None
    private: dict[tuple[int, int], str]

    def reason(self, path: str, folder: bool) -> str:
        """Why the user's patterns leave a path out, "" if they do not."""
        relative = _relative(path, self.root, folder)
        if self.exclude is not None and self.exclude.match_file(relative):
            return "left out by --exclude"
        if self.include is not None and not folder and not self.include.match_file(relative):
            return "not named by --include"
        return ""


def stat_of(status: os.stat_result) -> Stat:
    """The part of a stat by which an unchanged file is known."""
    return Stat(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def walk(roots: Sequence[str], options: WalkOptions, *, index_folder: str) -> Iterator[Found]:
    """Everything under `roots` (absolute paths of files or folders), sorted within each folder."""
    seen: set[str] = set()
    private = {_identity(path): "holds passwords" for path in options.private}
    private[_identity(index_folder)] = "the index itself"
    known = {identity: reason for identity, reason in private.items() if identity is not None}
    include, exclude = _spec(options.include), _spec(options.exclude)
    here = os.getcwd()
    for root in roots:
        status = os.stat(root)  # a root may itself be a link
        if not stat.S_ISDIR(status.st_mode):
            path = os.path.realpath(root)  # a named link is read where it leads
            if path not in seen:
                seen.add(path)
                yield _named(path, status, _Choice(here, options, include, exclude, known))
            continue
        choice = _Choice(root, options, include, exclude, known)
        for found in _folder(os.path.realpath(root), status.st_dev, choice):
            if found.path not in seen:
                seen.add(found.path)
                yield found


def part_reason(path: str, options: WalkOptions) -> str:
    """Why a file inside a file is left out ("mail.eml/key.pem"), "" if it is read; `include` names whole files."""
    if not options.include_secrets and any(is_secret(name) for name in path.split("/")[1:]):
        return SECRET
    exclude = _spec(options.exclude)
    return "left out by --exclude" if exclude is not None and exclude.match_file(path) else ""


@functools.lru_cache(maxsize=8)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec | None:
    if not patterns:
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 30 ms, and seldom asked for

    return GitIgnoreSpec.from_lines(patterns)


def _relative(path: str, root: str, folder: bool) -> str:
    """As patterns want it: from `root`, and a file that does not lie in it by its name."""
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir):
        relative = os.path.basename(path)
    return relative.replace(os.sep, "/") + ("/" if folder else "")


def _folder(real: str, device: int, choice: _Choice) -> Iterator[Found]:
    options, root = choice.options, choice.root
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
            found = _entry(entry, rules, device, choice)
            if found is None:
                folders.append((entry.path, rules))
            else:
                yield found
        stack += reversed(folders)


def _entry(entry: os.DirEntry[str], rules: tuple[_Rules, ...], device: int, choice: _Choice) -> Found | None:
    """What becomes of one entry; None for a folder to go into."""
    options = choice.options
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Found(entry.path, state=FileState.FAILED, reason=_why(error))
    folder = stat.S_ISDIR(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        reason = _link_reason(entry.path)
    elif (status.st_dev, status.st_ino) in choice.private:
        reason = choice.private[status.st_dev, status.st_ino]
    elif not options.include_secrets and is_secret(entry.name):
        reason = SECRET
    elif not options.hidden and entry.name.startswith("."):
        reason = "hidden (--hidden reads it)"
    elif _ignored(entry.path, folder, rules):
        reason = "ignored by .gitignore or .ragignore (--no-ignore reads it)"
    elif left_out := choice.reason(entry.path, folder):
        reason = left_out
    elif folder and status.st_dev != device:
        reason = "on another file system (name it to read it)"
    elif folder:
        return None
    else:
        return _file(entry.path, status, options)
    return Found(entry.path, state=FileState.SKIPPED, reason=reason, folder=folder)


def _named(path: str, status: os.stat_result, choice: _Choice) -> Found:
    """What becomes of a file that the user named."""
    reason = choice.private.get((status.st_dev, status.st_ino), "")
    if not reason and not choice.options.include_secrets and is_secret(os.path.basename(path)):
        reason = SECRET
    reason = reason or choice.reason(path, folder=False)
    return Found(path, state=FileState.SKIPPED, reason=reason) if reason else _file(path, status, choice.options)


def _file(path: str, status: os.stat_result, options: WalkOptions) -> Found:
    if not stat.S_ISREG(status.st_mode):
        return Found(path, state=FileState.SKIPPED, reason="not a regular file")
    if status.st_size > options.max_file_bytes:
        reason = f"too large: {status.st_size:,} bytes (--max-file-size is {options.max_file_bytes:,})"
        return Found(path, state=FileState.FAILED, reason=reason)
    return Found(path, stat_of(status))


def is_secret(name: str) -> bool:
    """Whether a file of this name is likely to hold keys or passwords."""
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
