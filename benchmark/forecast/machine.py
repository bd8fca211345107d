"""The memory that a run may take: of this machine, or of one that is asked about."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ...errors import UsageError, unknown

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


UNITS = {"GB": 10**9, "GiB": 2**30, "MB": 10**6, "MiB": 2**20, "TB": 10**12, "TiB": 2**40}
"""Bytes of the units in which memory is given; of none, GB is meant."""

MOST_MEMORY = 10**15
"""A machine with more bytes is a mistake."""


def parse_memory(text: str) -> int:
    """Bytes that `2GB`, `2 GB`, `2`, `1.5GiB` or `500MB` mean. Raises UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)", text.strip(), re.ASCII)
    known = ", ".join(UNITS)
    if found is None:
        raise UsageError(
            f"{text!r} as an amount of memory",
            f"give a positive number, such as 2GB or 1.5GiB (units: {known})",
        )
    number, unit = found.groups()
    if (unit or "GB") not in UNITS:
        raise unknown("unit of memory", unit, UNITS)
    size = float(number) * UNITS[unit or "GB"]
    if not 1 <= size <= MOST_MEMORY:
        raise UsageError(f"{text!r} as an amount of memory", "give a positive number, at most 1000TB")
    return round(size)


def asked_machine(size: int, device: str | None) -> Machine:
    """A machine with that many bytes where the model would be; its host has what is needed."""
    kind = (device or "cpu").partition(":")[0]
    place = "memory" if kind == "cpu" else f"{kind} memory"
    shared = kind in SHARED
    name = f"a machine with {size / 1e9:g} GB of {place}"
    return Machine(name, size, size if shared else AMPLE, shared)


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
