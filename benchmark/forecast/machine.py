"""The memory that a run may take: of this machine, or of one that is asked about."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

CGROUP = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
SHARED = ("cpu", "mps")
"""Devices whose memory is the host's."""
AMPLE = 2**60
"""Bytes of a memory that is not asked about."""


@dataclass(frozen=True)
class Machine:
    """Bytes that are free where the model would be, and in the host's memory.

    On a CPU both are the same memory (`shared`). `name` says in a sentence what it is.
    """

    name: str
    device: int
    host: int
    shared: bool


def this_machine(device: torch.device) -> Machine:
    """What is free on a device of this machine."""
    host = host_memory()
    if device.type != "cuda":  # torch tells the free memory of no other accelerator
        return Machine(f"this machine ({device.type})", host, host, shared=True)
    free, _ = torch.cuda.mem_get_info(device)
    return Machine(f"this machine's {torch.cuda.get_device_name(device)}", free, host, shared=False)


def asked_machine(gigabytes: float, device: str | None) -> Machine:
    """A machine with that many GB (10⁹ bytes) where the model would be; its host has what is needed."""
    size, kind = round(gigabytes * 1e9), (device or "cpu").partition(":")[0]
    place = "memory" if kind == "cpu" else f"{kind} memory"
    shared = kind in SHARED
    return Machine(f"a machine with {gigabytes:g} GB of {place}", size, size if shared else AMPLE, shared)


def host_memory() -> int:
    """Bytes of the host's memory that are free, or that the control group leaves."""
    return min(_unused(), *_group_limits())


def _unused() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))


def _group_limits() -> list[int]:
    """What the control groups of this process leave, in either version of them; no limit, nothing said."""
    limits = [
        left
        for group, most, used in _groups()
        if (left := _left(group / most, group / used, group / "memory.stat")) is not None
    ]
    # The group and all above it: the tightest limit holds.
    return limits or [2**63]


def _groups() -> Iterator[tuple[Path, str, str]]:
    """Folder, limit and usage of every group that this process is in, from its own to the root."""
    for hierarchy, most, used in (
        (CGROUP, "memory.max", "memory.current"),
        (CGROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        own = hierarchy / _own_group(hierarchy).lstrip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(hierarchy):
                yield folder, most, used


def _own_group(hierarchy: Path) -> str:
    """The path of this process's group: lines are ID:CONTROLLERS:PATH, without controllers in version 2."""
    wanted = "" if hierarchy == CGROUP else "memory"
    try:
        lines = OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.split(":", 2) for line in lines if line.count(":") >= 2)
    return next((path for _, controllers, path in found if wanted in controllers.split(",")), "")


def _left(most: Path, used: Path, stat: Path) -> int | None:
    """Bytes up to a group's limit; pages of files that it can give up at once count as free."""
    try:
        limit, now = (path.read_text(encoding="ascii").strip() for path in (most, used))
        rows = (
            [line.split() for line in stat.read_text(encoding="ascii").splitlines()] if stat.exists() else []
        )
    except OSError:
        return None
    if not (limit.isdecimal() and now.isdecimal()):
        return None
    numbers = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdecimal()}
    # Version 1 counts child groups under names with total_.
    given_up = numbers.get("total_inactive_file", numbers.get("inactive_file", 0))
    return max(0, int(limit) - int(now) + given_up)
