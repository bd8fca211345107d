"""Blocks of work that several threads share: numpy lets others run while it computes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, TypeVar

Given = TypeVar("Given")
Gained = TypeVar("Gained")


def each_of(blocks: Sequence[Given], work: Callable[[Given], Gained], threads: int = 1) -> list[Gained]:
    """What the work finds of each block, in their order, whichever thread has done it.

    Raises what the work raises.

    >>> each_of([1, 2, 3], lambda number: 2 * number, threads=2)
    [2, 4, 6]
    """
    with one_thread_a_product():
        if threads == 1 or len(blocks) == 1:
            return [work(block) for block in blocks]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, blocks))


HANDED_ON = 1e-4
"""Seconds for which one thread holds the interpreter while another waits for it, at most.

Numpy gives it up for every piece of work and wants it back after a few dozen microseconds. Python's own five
milliseconds are a long wait between the two: a fifth of the time of two threads.
"""


class _Limit:
    """One thread for every matrix product, from the first who wants it until the last of them has it.

    For as long, threads hand the interpreter on sooner.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._limited: Any = None
        self._interval = 0.0

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._limited = _controller().limit(limits=1, user_api="blas")
                self._interval = sys.getswitchinterval()
                sys.setswitchinterval(min(HANDED_ON, self._interval))
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limited.restore_original_limits()
                sys.setswitchinterval(self._interval)


_LIMIT = _Limit()


@contextmanager
def one_thread_a_product() -> Iterator[None]:
    """A context in which a matrix product has one thread of its own, whatever the machine would give it.

    Several would add in another order, so that numbers would depend on the machine in their last bit; and
    those of several blocks would stand in each other's way.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


@cache
def _controller() -> Any:
    """What sets how many threads a matrix product has.

    Made once: it looks through the libraries that are loaded, which waits forever for a thread that is just
    loading another one.
    """
    # Imported here, so that metrics need numpy alone until threads are asked for.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
