from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.location import concern, file_system

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 0:41 / /home/ann/local\040disk rw shared:2 - xfs /dev/vdb rw
32 22 0:42 / /mnt rw - ext4 /dev/vdc rw
33 22 0:43 / /mnt rw - fuse.sshfs host: rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/notes", "ext4"),
        ("/homes/x", "ext4"),
        ("/home/ann/notes", "nfs4"),
        ("/home/ann/local disk/notes", "xfs"),
        ("/mnt/a", "fuse.sshfs"),
    ],
)
def test_the_innermost_latest_mount_tells_the_file_system(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


def test_without_mounts_nothing_is_known() -> None:
    assert file_system(Path("/srv"), "") == ""


def test_a_network_file_system_is_a_concern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounts").write_text(MOUNTS.replace(" / / rw", f" / {tmp_path} rw").replace("ext4", "cifs"))
    monkeypatch.setattr("ragcli.location.MOUNTS", tmp_path / "mounts")
    assert (
        concern(tmp_path / "notes" / ".ragcli")
        == f"{tmp_path / 'notes' / '.ragcli'} is on a network file system (cifs)"
    )


@pytest.mark.parametrize(
    ("folder", "program"),
    [("Dropbox", "Dropbox"), ("OneDrive - Harbour Ltd", "OneDrive"), ("Dropbox (Personal)", "Dropbox")],
)
def test_a_synced_folder_is_known_by_its_name(tmp_path: Path, folder: str, program: str) -> None:
    assert concern(tmp_path / folder / "notes" / ".ragcli").endswith(f"looks like a folder that {program} syncs")


def test_a_synced_folder_is_known_by_its_mark(tmp_path: Path) -> None:
    assert concern(tmp_path / ".ragcli") == ""
    (tmp_path / ".stfolder").mkdir()
    assert "Syncthing" in concern(tmp_path / ".ragcli")
