"""How busy the machine is with what is not ours."""

import os
import time
from collections.abc import Callable
from pathlib import Path

STAT = Path("/proc/stat")


def watch() -> Callable[[], float | None]:
    """Begin to watch; what it gives tells how many cores others kept busy since (Linux, else None)."""
    began, busy, own = time.monotonic(), _busy(), _own()

    def others() -> float | None:
        now = _busy()
        if busy is None or now is None:
            return None
        taken = (now - busy) - (_own() - own)
        return max(0.0, taken / max(1e-9, time.monotonic() - began))

    return others


def _busy() -> float | None:
    """Seconds that all cores together were busy since the system began."""
    try:
        first = STAT.read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    # In this order: user, nice, system, idle, waiting for a disk, and then interrupts and what a host took.
    ticks = [int(each) for each in first.split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])
