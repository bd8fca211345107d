"""The peak of this process's resident memory over a piece of work."""

import ctypes
import resource
import sys
from collections.abc import Callable
from pathlib import Path

LINUX = sys.platform == "linux"
NOT_LINUX = "Linux alone tells the peak of a piece of work"


def start_anew() -> None:
    """Forget the peak so far, where the system can (Linux)."""
    if LINUX:
        # What the C library keeps of earlier work is free for the next, and is not its need.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> int:
    """Bytes that this process held at the most since `start_anew`; elsewhere since it began."""
    return _status("VmHWM") if LINUX else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def growth(work: Callable[[], object]) -> int:
    """Bytes by which the work made this process grow at the most (Linux)."""
    start_anew()
    before = _status("VmRSS")
    work()
    return peak() - before


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))
