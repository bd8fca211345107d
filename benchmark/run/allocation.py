"""How a run uses a CPU: its threads, and how the C library keeps freed memory."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_WIDTH = 512
"""Models narrower than this are run on one thread of a CPU."""

THRESHOLD = 2**20
"""Bytes from which a piece of memory is given back as soon as it is freed."""

_M_MMAP_THRESHOLD = -3


def give_back_freed_memory() -> bool:
    """Have glibc give large pieces back to the system when they are freed; whether it does.

    Left alone, glibc raises its threshold to 32 MiB as a program frees larger and larger pieces, and keeps
    what is below it: activations of one size leave holes that those of the next do not fit, and the process
    grows to twice what it uses. No number depends on this. Other C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    # Setting the threshold also stops glibc from raising it.
    return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, THRESHOLD))


def suited_threads(device: torch.device, width: int) -> int:
    """Threads for a model of this width: on a CPU one for a small model, else as many as torch has now.

    More gain a small model little, and stall where another process is busy.
    """
    return 1 if device.type == "cpu" and width < SMALL_WIDTH else torch.get_num_threads()


def choose_threads(device: torch.device, width: int) -> None:
    """Has torch use as many threads as suit a model, from now on."""
    torch.set_num_threads(suited_threads(device, width))


@contextmanager
def on_suited_threads(device: torch.device, width: int) -> Iterator[None]:
    """A context with as many threads as suit a model; the number is the caller's, who has it back after."""
    before = torch.get_num_threads()
    choose_threads(device, width)
    try:
        yield
    finally:
        torch.set_num_threads(before)
