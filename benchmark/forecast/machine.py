"""The memory that a run may take: of this machine, or of one that is asked about."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

CGROUP = Path("/sys/fs/cgroup")
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
    if device.type != "cuda":
        return Machine(f"this machine ({device.type})", host, host, shared=True)
    free, _ = torch.cuda.mem_get_info(device)
    return Machine(f"this machine's {torch.cuda.get_device_name(device)}", free, host, shared=False)


def asked_machine(gigabytes: float, device: str | None) -> Machine:
    """A machine with that many GB (10⁹ bytes) where the model would be; its host has what is needed."""
    size, kind = round(gigabytes * 1e9), (device or "cpu").partition(":")[0]
    place = "memory" if kind == "cpu" else f"{kind} memory"
    shared = kind == "cpu"
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
    """What the control group leaves, in either version of them; nothing is said where there is no limit."""
    limits = []
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit, now = ((CGROUP / name).read_text(encoding="ascii").strip() for name in (most, used))
        except OSError:
            continue
        if limit.isdecimal() and now.isdecimal():
            limits.append(max(0, int(limit) - int(now)))
    return limits or [2**63]
