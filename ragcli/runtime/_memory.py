"""How much memory is free here: of this process's machine or container, and of each CUDA device."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MEMINFO: Final = Path("/proc/meminfo")
CGROUP: Final = Path("/sys/fs/cgroup")
DRIVERS: Final = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""NVIDIA's own, and that of Linux inside Windows."""


def of_host(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int:
    """Bytes that can be taken without swapping, within the container's limit."""
    try:
        available = _table(meminfo)["MemAvailable:"] * 1024
    except (OSError, KeyError, ValueError):
        import psutil  # noqa: PLC0415 - only where there is no /proc; it comes with accelerate

        available = int(psutil.virtual_memory().available)
    try:
        limit, used = (int((cgroup / name).read_text("ascii")) for name in ("memory.max", "memory.current"))
        # pages of files that were read are given back when they are needed
        return min(available, max(limit - used + _table(cgroup / "memory.stat")["inactive_file"], 0))
    except (OSError, KeyError, ValueError):  # no container, or one without a limit ("max")
        return available


def _table(path: Path) -> dict[str, int]:
    """A file of lines that begin with a name and a number."""
    rows = (line.split() for line in path.read_text("ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}


def of_gpus() -> list[int]:
    """Free bytes of each CUDA device, in torch's order; torch is loaded only where there is a driver."""
    if not any(driver.exists() for driver in DRIVERS):
        return []
    import torch  # noqa: PLC0415 - so that a machine without a GPU need not load it

    return [torch.cuda.mem_get_info(device)[0] for device in range(torch.cuda.device_count())]
