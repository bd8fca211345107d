"""The threads of a CPU that a model is run on."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

SMALL_WIDTH = 512
"""Models narrower than this are run on one thread of a CPU."""


def available_cores() -> int:
    """Processors that this process may use."""
    # Not the machine's number, of which a container or a batch queue may give few.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def suited_threads(device: torch.device, width: int) -> int:
    """Threads for a model of this width: on a CPU one for a small model, else as many as torch has now.

    More gain a small model little, and stall where another process is busy.
    """
    return 1 if device.type == "cpu" and width < SMALL_WIDTH else torch.get_num_threads()


def on_suited_threads(device: torch.device, width: int) -> AbstractContextManager[None]:
    """A context with as many threads as suit a model; the number is the caller's, who has it back after."""
    return on_threads(suited_threads(device, width))


@contextmanager
def on_threads(number: int) -> Iterator[None]:
    """A context in which torch has so many threads; afterwards it has as many again as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
