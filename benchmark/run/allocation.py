"""How the C library keeps the memory that a run has freed."""

import ctypes
import platform

THRESHOLD = 2**20
"""Bytes from which a piece of memory is given back as soon as it is freed."""

SMALL = 2**17
"""The same where memory is counted: what few rows take is in smaller pieces, which leave holes too."""

_M_MMAP_THRESHOLD = -3


def give_back_freed_memory(counted: bool = False) -> bool:
    """Have glibc give large pieces back to the system when they are freed; whether it does.

    `counted`: smaller pieces too, which takes time where they are many.

    Left alone, glibc raises its threshold to 32 MiB as a program frees larger and larger pieces, and keeps
    what is below it: activations of one size leave holes that those of the next do not fit, and the process
    grows to twice what it uses. No number depends on this. Other C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    # Setting the threshold also stops glibc from raising it.
    return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, SMALL if counted else THRESHOLD))
