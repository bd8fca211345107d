"""The threads of a CPU that a model is run on."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock, local

import torch

SMALL_WIDTH = 512
"""Models narrower than this are run on one thread of a CPU."""


def available_cores() -> int:
    """Processors that this process may use."""
    # Not the machine's number, of which a container or a batch queue may give few.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _quota() or cores)


def _quota() -> int | None:
    """Processors' worth of time that a Linux control group gives, at least 1; None where it gives all."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return None


def suited_threads(device: torch.device, width: int) -> int:
    """Threads for a model of this width: on a CPU one for a small model, else as many as torch has now.

    More gain a small model little, and stall where another process is busy.
    """
    return 1 if device.type == "cpu" and width < SMALL_WIDTH else torch.get_num_threads()


def on_suited_threads(device: torch.device, width: int) -> AbstractContextManager[None]:
    """A context with as many threads as suit a model; the number is the caller's, who has it back after."""
    return on_threads(suited_threads(device, width))


class _Threads(local):
    """How many threads torch has, where several of Python's threads change that at once.

    What one of them sets holds for itself, for all that are started later, and for one in which a library of
    torch's is used for the first time. So one that comes while another is in a context may have that one's
    number: what it is to have outside is what the first who came had.
    """

    _lock = Lock()
    _inside = 0
    _before = 1
    _depth = 0
    """In how many contexts this thread is."""

    def enter(self, number: int) -> int:
        """Have so many; returns how many this thread is to have afterwards."""
        with self._lock:
            mine = _Threads._before if _Threads._inside and not self._depth else torch.get_num_threads()
            if not _Threads._inside:
                _Threads._before = mine
            _Threads._inside += 1
            self._depth += 1
            torch.set_num_threads(number)
            return mine

    def leave(self, mine: int) -> None:
        """Have as many again."""
        with self._lock:
            _Threads._inside -= 1
            self._depth -= 1
            torch.set_num_threads(mine)


_THREADS = _Threads()


@contextmanager
def on_threads(number: int) -> Iterator[None]:
    """A context in which torch has so many threads; afterwards it has as many again as before.

    Two of Python's threads may be in one at once.
    """
    mine = _THREADS.enter(number)
    try:
        yield
    finally:
        _THREADS.leave(mine)
