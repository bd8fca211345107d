"""How the C library keeps the memory that a run has freed."""

import ctypes
import platform
from functools import cache

THRESHOLD = 2**20
"""Bytes from which a piece of memory is given back as soon as it is freed."""

_M_MMAP_THRESHOLD = -3


def give_back_freed_memory() -> bool:
    """Have glibc give large pieces back to the system when they are freed; whether it does.

    Left alone, glibc raises its threshold to 32 MiB as a program frees larger and larger pieces, and keeps
    what is below it: activations of one size leave holes that those of the next do not fit, and the process
    grows to twice what it uses. No number depends on this. Other C libraries are left as they are.
    """
    library = _glibc()
    # Setting the threshold also stops glibc from raising it.
    return library is not None and bool(library.mallopt(_M_MMAP_THRESHOLD, THRESHOLD))


def give_back_holes() -> None:
    """Have glibc give back what lies free between smaller pieces, which it keeps for later ones of any size.

    Batches of many lengths leave holes of as many sizes. To have small pieces given back at once, by a lower
    threshold, takes twice the time; this takes milliseconds, between two batches.
    """
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
