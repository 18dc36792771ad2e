"""Whether a folder is a bad place for an index: on a network file system, or where a program syncs what is in it.

SQLite's write-ahead log needs memory that all its users share and locks that hold; a syncing program copies
database and log at different moments. Neither is an error at once, so it is said, not refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
NETWORK: Final = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph glusterfs lustre gpfs 9p vboxsf vmhgfs davfs beegfs ocfs2 gfs2".split()
)
OVER_FUSE: Final = re.compile(r"fuse\.(sshfs|rclone|s3fs|gcsfuse|davfs2|glusterfs|mergerfs|google-drive-ocamlfuse)")
SYNCED: Final = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "mobile documents": "iCloud",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "pcloud drive": "pCloud",
}
"""A folder's name in lower case, up to " - " or " (" -> the program that syncs such folders."""
MARKS: Final = {".stfolder": "Syncthing", ".dropbox": "Dropbox", ".owncloudsync.log": "ownCloud"}


def concern(folder: Path) -> str:
    """What is wrong with a place for an index, a phrase, "" where nothing is known to be."""
    path = Path(os.path.realpath(folder))
    if str(path).startswith("\\\\"):
        return f"{folder} is on a network file system"
    kind = file_system(path, MOUNTS.read_text("utf-8", "surrogateescape")) if MOUNTS.is_file() else ""
    if kind in NETWORK or OVER_FUSE.fullmatch(kind):
        return f"{folder} is on a network file system ({kind})"
    for place in (path, *path.parents):
        program = SYNCED.get(re.split(r" - | \(", place.name.lower())[0])
        program = program or next((who for mark, who in MARKS.items() if (place / mark).exists()), None)
        if program:
            return f"{place} looks like a folder that {program} syncs"
    return ""


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that holds an absolute path, "" if `mounts` (as in /proc/self/mountinfo) lacks it."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        head, _, tail = line.partition(" - ")
        fields = head.split(" ")
        if len(fields) < 5 or not tail:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4]))
        if (point == path or point in path.parents) and len(point.parts) >= best:  # the later mount lies on top
            best, kind = len(point.parts), tail.split(" ")[0]
    return kind
