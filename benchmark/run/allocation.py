"""How a run uses a CPU: its threads, and how the C library keeps freed memory."""

import ctypes
import platform

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


def choose_threads(device: torch.device, width: int) -> None:
    """One thread for small models on a CPU: more gain little, and stall where another process is busy."""
    if device.type == "cpu" and width < SMALL_WIDTH:
        torch.set_num_threads(1)
